import type { Plugin } from 'vite'

/** The pages around a room, from the outermost in: what their modules import at once is there before one can type. */
const beginnings = [
  /runtime[\\/]client[\\/]entry\.js$/,
  /routes[\\/]\+(layout|error)\.(svelte|ts)$/,
  /routes[\\/]\(app\)[\\/]\+layout\.(svelte|ts)$/,
  /routes[\\/]\(app\)[\\/]r[\\/].*\+(layout|page)\.svelte$/,
  // The sentences are fetched, and nothing is shown before they are there.
  /paraglide[\\/]messages[\\/][a-z]+\.js(\?|$)/,
]

/** Knows, when the files of a build are put together, which modules the first page imports and which come after it. */
export function firstPage(): { plugin: Plugin; isFirst: (id: string) => boolean } {
  const first = new Set<string>()
  return {
    isFirst: (id) => first.has(id),
    plugin: {
      name: 'atrium-first-page',
      apply: 'build',
      applyToEnvironment: ({ name }) => name === 'client',
      buildEnd() {
        const follow = (id: string) => {
          if (first.has(id)) return
          first.add(id)
          for (const imported of this.getModuleInfo(id)?.importedIds ?? []) follow(imported)
        }
        for (const id of this.getModuleIds()) if (beginnings.some((one) => one.test(id))) follow(id)
        if (first.size === 0) throw new Error('No module of the first page was found: `beginnings` names other files than the routes are')
      },
    },
  }
}
