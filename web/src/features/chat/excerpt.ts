import type { Message } from '@atrium/protocol'
import { m } from '#lib/i18n/index.ts'

/** Signs around words, not those inside of them: `2*3*4` and `a_b_c` are what they are. */
const emphasised = /(?<![\p{L}\p{N}*_\\])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\p{L}\p{N}*_])/gu

/** One line of a message, without its signs. */
export function excerptOf(message: Pick<Message, 'body' | 'pictures'> & Partial<Pick<Message, 'files'>>, longest = 160): string {
  const { body, pictures, files = [] } = message
  const words = body
    .replace(/```[a-z]*\n?|```/g, ' ')
    .replace(/\[([^\]\n]+)\]\([^)\n]+\)/g, '$1')
    .replace(/(\*\*|__|~~|`)/g, '')
    .replace(emphasised, '$2')
    .replace(/^\s*(?:>\s*)*(?:[-*+]\s+)?/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (words === '' && files.length > 0) return files[0]!.name || m.chat_file()
  if (words === '' && pictures.length > 0) return m.chat_picture()
  return words.length > longest ? `${words.slice(0, longest)}…` : words
}
