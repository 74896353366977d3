const browsers: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bChrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
]
const systems: [RegExp, string][] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What a person recognises of a user agent: "Firefox on Linux". The rest of it says nothing to them. */
export function deviceOf(userAgent: string): string {
  const find = (names: [RegExp, string][]) => names.find(([pattern]) => pattern.test(userAgent))?.[1]
  const [browser, system] = [find(browsers), find(systems)]
  if (browser && system) return `${browser} on ${system}`
  return (
    browser ??
    system ??
    userAgent
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, 60)
  )
}

/** A program names itself as it likes; browsers all say that they are Mozilla. */
export const kindOf = (userAgent: string): 'browser' | 'phone' | 'program' =>
  !userAgent.startsWith('Mozilla/') ? 'program' : /\bMobile\b|\biPhone\b|\bAndroid\b/.test(userAgent) ? 'phone' : 'browser'
