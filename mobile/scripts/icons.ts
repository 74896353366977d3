/**
 * Draws the icons anew from one drawing: `node mobile/scripts/icons.ts`. The PNGs are committed, since a build has no
 * browser at hand; run it after changing `static/icon.svg`, with Chromium installed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const folder = new URL('../static/', import.meta.url)
const drawing = readFileSync(new URL('icon.svg', folder), 'utf8')
/** Systems cut maskable icons to their own shape: the ground fills everything, the sign keeps to the middle four fifths. */
const maskable = drawing
  .replace('rx="8"', 'rx="0"')
  .replace('<g fill="none"', '<g transform="translate(16 16) scale(.72) translate(-16 -15.75)" fill="none"')
/** iPhones round the corners themselves and paint what is transparent black. */
const square = drawing
  .replace('rx="8"', 'rx="0"')
  .replace('<g fill="none"', '<g transform="translate(16 16) scale(.86) translate(-16 -15.75)" fill="none"')

const wanted = [
  { name: 'icon-192.png', side: 192, svg: drawing },
  { name: 'icon-512.png', side: 512, svg: drawing },
  { name: 'icon-maskable-512.png', side: 512, svg: maskable },
  { name: 'icon-180.png', side: 180, svg: square },
]

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})
try {
  const page = await browser.newPage()
  for (const { name, side, svg } of wanted) {
    await page.setViewportSize({ width: side, height: side })
    await page.setContent(`<style>*{margin:0}svg{display:block;width:${side}px;height:${side}px}</style>${svg}`)
    writeFileSync(new URL(name, folder), await page.screenshot({ omitBackground: true }))
  }
} finally {
  await browser.close()
}
