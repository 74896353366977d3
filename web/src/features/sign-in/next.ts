/** Where to go after signing in: an address of ours, or home. Never another site's, however it is written. */
export function nextOf(asked: string | null, origin: string): string {
  if (!asked?.startsWith('/')) return '/'
  const address = URL.parse(asked, origin)
  // Two slashes at the beginning, as left by `/.//`, would name a host again.
  return address?.origin === origin && !address.pathname.startsWith('//') ? address.pathname + address.search : '/'
}
