import type { IndexeddbPersistence } from 'y-indexeddb'
import type { File, May } from '@atrium/protocol'

/** What this device keeps of documents, so that they open and are written in without a network. */
const prefix = 'atrium.document.'
export const nameOfKept = (account: string, id: string): string => `${prefix}${account}.${id}`

export function keepOf(account: string, id: string) {
  const key = nameOfKept(account, id)
  return {
    read(): { file: File; may: May } | undefined {
      const text = localStorage.getItem(key)
      return text === null ? undefined : (JSON.parse(text) as { file: File; may: May })
    },
    write: (about: { file: File; may: May }): void => localStorage.setItem(key, JSON.stringify(about)),
    forget: (): void => localStorage.removeItem(key),
  }
}

export async function forgetDocument(account: string, id: string, kept: IndexeddbPersistence): Promise<void> {
  keepOf(account, id).forget()
  await kept.clearData()
}

/** Nothing of anybody's documents stays in this browser. */
export async function forgetDocuments(): Promise<void> {
  for (const key of Object.keys(localStorage)) if (key.startsWith(prefix)) localStorage.removeItem(key)
  for (const { name } of await indexedDB.databases()) if (name?.startsWith(prefix)) indexedDB.deleteDatabase(name)
}
