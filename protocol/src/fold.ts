/** Without accents and capitals, as people search and as lists are sorted. */
export const fold = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/[\p{M}&&\p{Script=Inherited}]+/gv, '')
    .toLowerCase()
    .trim()

/** As people sort: `Plan 2` before `Plan 10`, whatever the capitals. */
export const sortKeyOf = (name: string): string =>
  fold(name).replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(12, '0'))

/** By code points, as the database compares such keys; JavaScript compares halves of characters. */
export function compareKeys(one: string, other: string): number {
  const most = Math.min(one.length, other.length)
  for (let at = 0; at < most; at++) {
    const [mine, theirs] = [one.charCodeAt(at), other.charCodeAt(at)]
    if (mine !== theirs) return isHalf(mine) === isHalf(theirs) ? mine - theirs : isHalf(mine) ? 1 : -1
  }
  return one.length - other.length
}
const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
