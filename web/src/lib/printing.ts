/** A sheet of paper with a heading and lines on it, and nothing of the page around. */
export function printed(title: string, lines: readonly string[]): void {
  const frame = document.createElement('iframe')
  frame.ariaHidden = 'true'
  frame.style.cssText = 'position: fixed; width: 0; height: 0; border: 0'
  document.body.append(frame)
  const [sheet, there] = [frame.contentDocument!, frame.contentWindow!]
  sheet.title = title
  sheet.body.style.font = '14pt/1.7 ui-monospace, monospace'
  const said = [Object.assign(sheet.createElement('h1'), { textContent: title })]
  for (const line of lines) said.push(Object.assign(sheet.createElement('p'), { textContent: line }))
  for (const line of said.slice(1)) line.style.margin = '0'
  sheet.body.append(...said)
  there.addEventListener('afterprint', () => frame.remove())
  there.print()
}
