import { randomBytes } from 'node:crypto'
import type { Slug } from '@atrium/protocol'

/** Letters and digits that nobody mistakes for one another. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

/** A new link's end: twelve letters of 31, drawn evenly. */
export function newSlug(): Slug {
  let drawn = ''
  while (drawn.length < 12)
    for (const byte of randomBytes(24)) {
      const letter = letters[byte & 31]
      if (letter !== undefined && drawn.length < 12) drawn += letter
    }
  return `${drawn.slice(0, 4)}-${drawn.slice(4, 8)}-${drawn.slice(8)}`
}
