import { asTyped, type Block } from './markdown.ts'

type Lexed = (body: string) => Block[]
/** No sign in it that could mean anything but itself. */
const isSimple = /^[^*_`~[\]<>\\/:@.!#|=\n-]*$/
const beginsList = /^\s*\d+[.)]/
const parsed = new Map<string, Block[]>()
const mostParsed = 2_000

let lexed = $state.raw<Lexed>()
let loading: Promise<void> | undefined
/** The box to write in is painted first. By the clock: a page in the background has no frames. */
export const afterAFrame = () => new Promise<void>((resolve) => setTimeout(resolve, 20))

/** How messages are read: the reader is fetched once, and until it is there no message is shown half understood. */
export const reading = {
  get isReady(): boolean {
    return lexed !== undefined
  },
  load: (): Promise<void> =>
    (loading ??= afterAFrame()
      .then(() => import('./lexer.ts'))
      .then(
        (module) => void (lexed = module.lexed),
        // Without the network and without a copy: the words are still the words.
        () => void (lexed = (body) => [asTyped(body)]),
      )),
}

export function blocksOf(body: string): Block[] {
  const known = parsed.get(body)
  if (known) return known
  if (!lexed || (isSimple.test(body) && !beginsList.test(body))) return [asTyped(body)]
  if (parsed.size >= mostParsed) parsed.delete(parsed.keys().next().value!)
  const blocks = lexed(body)
  parsed.set(body, blocks)
  return blocks
}
