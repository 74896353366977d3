/** The addresses in a text, however they stand there: one below the other, behind commas, in angle brackets after a name. Each once. */
export function addressesIn(text: string): string[] {
  const found = text.match(/[^\s<>,;:"'()[\]]+@[^\s<>,;:"'()[\]]+/g) ?? []
  return [...new Set(found.map((address) => address.replace(/\.+$/, '').toLowerCase()))]
}
