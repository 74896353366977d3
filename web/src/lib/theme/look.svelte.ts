export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]
export const densities = ['comfortable', 'compact'] as const
export type Density = (typeof densities)[number]

/** The same key is read by the three lines in `app.html`, before the first paint. */
const key = 'atrium.look'
interface Look {
  theme: Theme
  density: Density
}
const read = (): Partial<Look> => JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Look>

let chosen = $state<Look>({ theme: 'system', density: 'comfortable', ...read() })

function show({ theme, density }: Look): void {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset['theme']
  else dataset['theme'] = theme
  if (density === 'compact') dataset['density'] = density
  else delete dataset['density']
}

/** How this device shows everything: theirs to choose, kept on the device. */
export const look = {
  get theme(): Theme {
    return chosen.theme
  },
  get density(): Density {
    return chosen.density
  },
  choose(change: Partial<Look>): void {
    chosen = { ...chosen, ...change }
    localStorage.setItem(key, JSON.stringify(chosen))
    show(chosen)
  },
}

// Another tab of the same browser follows.
addEventListener('storage', (event) => {
  if (event.key !== key) return
  chosen = { theme: 'system', density: 'comfortable', ...read() }
  show(chosen)
})
