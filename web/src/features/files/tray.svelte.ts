import type { Component } from 'svelte'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { language } from '#lib/i18n/index.ts'
import type { Uploads } from './uploads.svelte.ts'

let uploads: Promise<Uploads> | undefined
let shown = $state.raw<{ Tray: Component<{ uploads: Uploads }>; uploads: Uploads }>()

/** What is on its way stays on its way from page to page. Fetched when the first file is sent. */
export const tray = {
  get shown() {
    return shown
  },
  uploads(hub: HubConnection): Promise<Uploads> {
    return (uploads ??= begin(hub))
  },
}

async function begin(hub: HubConnection): Promise<Uploads> {
  const [{ Uploads }, { default: Tray }] = await Promise.all([
    import('./uploads.svelte.ts'),
    import('./UploadTray.svelte'),
    language.also('files'),
  ])
  const all = new Uploads(hub)
  shown = { Tray, uploads: all }
  return all
}
