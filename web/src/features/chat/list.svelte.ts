import { afterAFrame, reading } from './reading.svelte.ts'

type List = typeof import('./MessageList.svelte').default

const againMs = 3_000
let component = $state.raw<List>()
let loading: Promise<void> | undefined

/** The list of messages comes with their reader, once for all rooms: before that the box to write in is there. */
export const list = {
  get component(): List | undefined {
    return component
  },
  load(): Promise<void> {
    return (loading ??= Promise.all([afterAFrame().then(() => import('./MessageList.svelte')), reading.load()]).then(
      ([module]) => void (component = module.default),
      () => {
        loading = undefined
        setTimeout(list.load, againMs)
      },
    ))
  },
}
