/** Said before the hub has to: the same it would say, in fewer words. The hub decides. */
export const isDomain = (text: string): boolean =>
  /^(?=.{1,253}$)[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?)+$/u.test(
    text.trim(),
  )

export const isAddress = (text: string): boolean => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim()) && text.trim().length <= 254

/** "mara" at example.org is mara@example.org: nobody needs to write the part that is known. */
export const addressAt = (domain: string, text: string): string => {
  const address = text.trim().toLowerCase()
  return address && !address.includes('@') ? `${address}@${domain.trim().toLowerCase()}` : address
}
