import type { Language } from '#lib/i18n/index.ts'

export interface EmojiGroup {
  name: string
  emoji: readonly Emoji[]
}
export interface Emoji {
  sign: string
  name: string
  words: string
}
/** What we read of emojibase's files. */
type Listed = { unicode: string; label: string; tags?: string[]; group?: number; order?: number }
type Titles = { groups: { order: number; message: string }[] }
const loaders = {
  en: () => Promise.all([import('emojibase-data/en/compact.json'), import('emojibase-data/en/messages.json')]),
  de: () => Promise.all([import('emojibase-data/de/compact.json'), import('emojibase-data/de/messages.json')]),
}
/** Skin tones and hair are components of others. */
const components = 2

/** All emoji with their names in one language, in the order everybody knows. */
export async function loadEmoji(language: Language): Promise<EmojiGroup[]> {
  const [list, messages] = await loaders[language]()
  const groups = (messages.default as Titles).groups.filter((group) => group.order !== components)
  const all = (list.default as Listed[]).filter((one) => one.group !== undefined).sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
  return groups.map((group) => ({
    name: group.message.charAt(0).toLocaleUpperCase(language) + group.message.slice(1),
    emoji: all
      .filter((one) => one.group === group.order)
      .map((one) => ({
        sign: one.unicode,
        name: one.label,
        words: [one.label, ...(one.tags ?? [])].join(' ').toLocaleLowerCase(language),
      })),
  }))
}

/** Every word of the question begins a word of the emoji's. */
export function findEmoji(groups: readonly EmojiGroup[], question: string, most = 80): Emoji[] {
  const asked = question.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const fits = ({ words }: Emoji) => asked.every((word) => ` ${words}`.includes(` ${word}`))
  return groups
    .flatMap((group) => group.emoji)
    .filter(fits)
    .slice(0, most)
}
