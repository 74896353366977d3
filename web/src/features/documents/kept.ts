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

/** Nothing of anybody's documents stays in this browser, or nothing of one account's. */
export async function forgetDocuments(account = ''): Promise<void> {
  const those = prefix + account
  for (const key of Object.keys(localStorage)) if (key.startsWith(those)) localStorage.removeItem(key)
  for (const { name } of await indexedDB.databases()) if (name?.startsWith(those)) indexedDB.deleteDatabase(name)
}
