/** Takes the payload descriptor off (RFC 7741). Undefined for what ends within it. */
export function depacketize(payload: Buffer): { isFirst: boolean; data: Buffer } | undefined {
  let at = 1
  if (payload[0]! & 0x80) {
    const has = payload[at++] ?? 0
    if (has & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1
    at += (has & 0x40 ? 1 : 0) + (has & 0x30 ? 1 : 0)
  }
  if (at >= payload.length) return undefined
  return { isFirst: (payload[0]! & 0x17) === 0x10, data: payload.subarray(at) }
}
