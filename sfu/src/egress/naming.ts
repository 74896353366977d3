const longest = 180

/** What the file of a recording is called; a further part, after its process died, says which it is. */
export function fileNameOf(title: string, part: number): string {
  const plain = title
    .replace(/[/\\:*?"<>|\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const short = [...(plain || 'Meeting')]
    .slice(0, longest / 2)
    .join('')
    .trimEnd()
  return part === 1 ? `${short}.mp4` : `${short} (${part}).mp4`
}
