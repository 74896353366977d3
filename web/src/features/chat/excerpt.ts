import type { Message } from '@atrium/protocol'

/** One line of a message, without its signs. */
export function excerptOf({ body, pictures }: Pick<Message, 'body' | 'pictures'>, longest = 160): string {
  const words = body
    .replace(/```[a-z]*\n?|```/g, ' ')
    .replace(/\[([^\]\n]+)\]\([^)\n]+\)/g, '$1')
    .replace(/(\*\*|__|~~|`)/g, '')
    .replace(/^[>\s]+/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (words === '' && pictures.length > 0) return '🖼'
  return words.length > longest ? `${words.slice(0, longest)}…` : words
}
