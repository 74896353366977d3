/** What this browser keeps for one account: drafts, messages that wait. Nothing breaks where nothing may be kept. */
export interface Kept {
  get<T>(name: string): T | undefined
  set(name: string, value: unknown): void
  remove(name: string): void
  names(prefix: string): string[]
}

export function keptFor(accountId: string, storage: Storage | undefined = globalThis.localStorage): Kept {
  const root = `atrium.${accountId}.`
  const attempt = <T>(what: () => T): T | undefined => {
    try {
      return what()
    } catch {
      // Private windows and full disks refuse; the page then keeps things only as long as it lives.
      return undefined
    }
  }
  return {
    get: <T>(name: string) => attempt(() => JSON.parse(storage?.getItem(root + name) ?? 'null') as T | null) ?? undefined,
    set: (name, value) => void attempt(() => storage?.setItem(root + name, JSON.stringify(value))),
    remove: (name) => void attempt(() => storage?.removeItem(root + name)),
    names: (prefix) =>
      attempt(() =>
        Object.keys(storage ?? {})
          .filter((key) => key.startsWith(root + prefix))
          .map((key) => key.slice(root.length)),
      ) ?? [],
  }
}

/** After signing out nothing that was written stays on a shared machine: by nobody, or by one account. */
export function forgetEverybody(accountId = '[0-9a-f]{8}-', storage: Storage = localStorage): void {
  for (const key of Object.keys(storage)) if (new RegExp(`^atrium\\.${accountId}`).test(key)) storage.removeItem(key)
}
