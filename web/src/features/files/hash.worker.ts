import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'

/** Off the page's thread: a film is a second of arithmetic per few hundred megabytes. */
addEventListener('message', async ({ data: file }: MessageEvent<Blob>) => {
  try {
    const hash = sha256.create()
    const reader = file.stream().getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) hash.update(part.value)
    postMessage({ sha256: bytesToHex(hash.digest()) })
  } catch {
    // It was deleted, or changed, since it was chosen.
    postMessage({})
  }
})
