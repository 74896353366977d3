/** Letters that are not another letter with a mark. What stands here neither has no mapping: the person says the name. */
const letters: Record<string, string> = { æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i' }
/** A cedilla, an ogonek, a comma below make another letter of it: what that would be in a name is not for us to say. */
const changing = /[\u0327\u0328\u0326]/

/** A name in the letters of an address: `ä`, `à` are `a`. Undefined where some letter has no mapping. */
export function plain(name: string): string | undefined {
  let mapped = ''
  for (const sign of name.normalize('NFC').trim()) {
    if (/[\s'’.\-‐]/u.test(sign)) continue
    const [base = '', ...marks] = [...sign.normalize('NFD')]
    if (changing.test(marks.join(''))) return undefined
    const small = base.toLowerCase()
    const said = /^[a-z0-9]$/i.test(base)
      ? base
      : letters[small] === undefined
        ? undefined
        : small === base
          ? letters[small]
          : capital(letters[small])
    if (said === undefined) return undefined
    mapped += said
  }
  return mapped
}
const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

export interface Named {
  given: string
  initials: string
  surname: string
}

/**
 * The user name that a pattern makes of a name: `{given}{surname}` of John Smith is `JohnSmith`. Null where some letter has no
 * mapping, or nothing is left.
 */
export function userNameOf(pattern: string, { given, initials, surname }: Named): string | null {
  const parts: Record<string, string | undefined> = { given: plain(given), initials: plain(initials), surname: plain(surname) }
  if (Object.values(parts).includes(undefined)) return null
  const said: Record<string, string> = {
    ...(parts as Record<string, string>),
    g: parts['given']!.slice(0, 1),
    s: parts['surname']!.slice(0, 1),
  }
  const name = pattern
    .replaceAll(/\{(given|initials|surname|g|s)\}/gi, (_, part: string) => said[part.toLowerCase()] ?? '')
    // A part that is empty leaves no sign of its own.
    .replaceAll(/([._-])[._-]+/g, '$1')
    .replaceAll(/^[._-]+|[._-]+$/g, '')
    .slice(0, 60)
    .replaceAll(/[._-]+$/g, '')
  return name === '' ? null : name
}

/** With a number where it is taken: the second is 2. `taken` are in small letters. */
export function firstFree(userName: string, taken: ReadonlySet<string>): string {
  if (!taken.has(userName.toLowerCase())) return userName
  for (let count = 2; ; count++) if (!taken.has(`${userName.toLowerCase()}${count}`)) return `${userName}${count}`
}
