import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Where systems keep theirs. */
const systemFolders = ['/usr/share/fonts', '/usr/local/share/fonts', '/Library/Fonts', '/System/Library/Fonts']
const cjk = /^(NotoSansCJK|NotoSerifCJK|NotoSans(SC|TC|JP|KR|HK)|SourceHanSans|wqy|DroidSansFallback|PingFang|Hiragino|uming|ukai|ipag)/i

/** What DejaVu, which is installed with the rest, has no letters for, and the fonts that do. */
const scripts: [letters: RegExp, files: RegExp][] = [
  [/[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Bopomofo}]/u, cjk],
  [/\p{sc=Devanagari}/u, /^(NotoSansDevanagari|Lohit-Devanagari)/i],
  [/\p{sc=Bengali}/u, /^(NotoSansBengali|Lohit-Bengali)/i],
  [/\p{sc=Tamil}/u, /^(NotoSansTamil|Lohit-Tamil)/i],
  [/\p{sc=Telugu}/u, /^(NotoSansTelugu|Lohit-Telugu)/i],
  [/\p{sc=Gujarati}/u, /^(NotoSansGujarati|Lohit-Gujarati)/i],
  [/\p{sc=Gurmukhi}/u, /^(NotoSansGurmukhi|Lohit-Gurmukhi)/i],
  [/\p{sc=Kannada}/u, /^(NotoSansKannada|Lohit-Kannada)/i],
  [/\p{sc=Malayalam}/u, /^(NotoSansMalayalam|Lohit-Malayalam)/i],
  [/\p{sc=Thai}/u, /^(NotoSansThai|Loma|Garuda)/i],
  [/\p{sc=Sinhala}/u, /^(NotoSansSinhala|LKLUG)/i],
  [/\p{sc=Khmer}/u, /^(NotoSansKhmer|KhmerOS)/i],
  [/\p{sc=Myanmar}/u, /^(NotoSansMyanmar|Padauk)/i],
  [/\p{sc=Ethiopic}/u, /^(NotoSansEthiopic|Abyssinica)/i],
]
/** A font for running text; a bold or slanted one only where there is no other. */
const plain = /(-|\b)(Regular|Medium|Book)\b|^[^-]*\.(ttf|otf|ttc)$/i
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Extended_Pictographic}\u{1F1E6}-\u{1F1FF}]/gu

export const fontsHere = (folders: readonly string[] = systemFolders): string[] =>
  folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, `${name}`)))
    .filter((file) => /\.(ttf|otf|ttc)$/i.test(file))

/**
 * The font for a name, and as much of the name as it has letters for: of a script that nobody installed a font for, nothing
 * is better than boxes.
 */
export function fontFor(name: string, usual: string, files: readonly string[]): { font: string; text: string } {
  const text = name.replace(unprintable, '').trim()
  const wanted = scripts.filter(([letters]) => letters.test(text))
  const [first] = wanted.flatMap(([letters, pattern]) => {
    const found = files.filter((file) => pattern.test(basename(file)))
    const font = found.find((file) => plain.test(basename(file))) ?? found[0]
    return font ? [{ letters, font }] : []
  })
  const without = wanted.filter(([letters]) => letters !== first?.letters).map(([letters]) => letters)
  const kept = [...text].filter((letter) => !without.some((letters) => letters.test(letter))).join('')
  return { font: first?.font ?? usual, text: kept.trim() }
}

/** To so many letters; what is left out is shown to be. */
export function shortened(text: string, most: number): string {
  const letters = [...text]
  return letters.length <= most
    ? text
    : `${letters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}
