/** As much of a browser as signing in elsewhere needs: cookies by host, redirects, forms, and what it keeps back from other sites. */
export function browser({
  from,
  jars = new Map<string, Map<string, string>>(),
}: { from?: string; jars?: Map<string, Map<string, string>> } = {}) {
  const jarOf = (url: URL) => jars.get(url.host) ?? jars.set(url.host, new Map()).get(url.host)!
  let at = 'about:blank'

  async function go(address: string, form?: Record<string, string>): Promise<{ url: URL; status: number; text: string }> {
    let url = new URL(address, at)
    let body = form && new URLSearchParams(form).toString()
    for (let hop = 0; hop < 20; hop++) {
      const isCrossSite = at.startsWith('http') && new URL(at).host !== url.host
      // SameSite=Lax: what another site posts carries none of ours.
      const cookies = isCrossSite && body !== undefined ? [] : [...jarOf(url)].map(([name, value]) => `${name}=${value}`)
      const response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        redirect: 'manual',
        headers: {
          ...(cookies.length > 0 && { cookie: cookies.join('; ') }),
          ...(body !== undefined && {
            'content-type': 'application/x-www-form-urlencoded',
            origin: isCrossSite ? new URL(at).origin : url.origin,
          }),
          // A proxy before the hub says from where: of one place only so many come in a minute.
          ...(from && { 'x-forwarded-for': from }),
          'sec-fetch-site': isCrossSite ? 'cross-site' : 'same-origin',
        },
        ...(body !== undefined && { body }),
      })
      for (const set of response.headers.getSetCookie()) {
        const [name, value] = set.split(';', 1)[0]!.split(/=(.*)/s) as [string, string]
        const expires = /expires=([^;]+)/i.exec(set)?.[1]
        if (expires && new Date(expires) <= new Date()) jarOf(url).delete(name)
        else jarOf(url).set(name, value)
      }
      const next = response.headers.get('location')
      const text = await response.text()
      at = url.href
      if (next === null || response.status < 300 || response.status >= 400) return { url, status: response.status, text }
      body = response.status === 307 || response.status === 308 ? body : undefined
      url = new URL(next, url)
    }
    throw new Error('Sent round in circles.')
  }
  return {
    go,
    /** As if a page of that site were open. */
    stand: async (address: string): Promise<void> => void (at = address),
    /** The same person elsewhere in the same browser: what other sites know of it is known there, too, and nothing of ours. */
    besides: (ours: string) => {
      const others = [...jars].filter(([host]) => host !== new URL(ours).host).map(([host, jar]) => [host, new Map(jar)] as const)
      return browser({ ...(from && { from }), jars: new Map(others) })
    },
    keep: (origin: string, name: string, value: string): void => void jarOf(new URL(origin)).set(name, value),
    cookie: (origin: string, name: string): string | undefined => jars.get(new URL(origin).host)?.get(name),
    /** Where the page's form leads, with what is in it. */
    fill: (page: { url: URL; text: string }, fields: Record<string, string>) => {
      const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1] ?? page.url.href
      const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
        name!,
        value!,
      ])
      return go(action, { ...Object.fromEntries(hidden), ...fields })
    },
  }
}
export type Browser = ReturnType<typeof browser>
