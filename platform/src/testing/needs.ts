import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { test } from 'vitest'

/** Where a program lies on this machine's PATH. */
export const program = (name: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((dir) => join(dir, name))
    .find((file) => existsSync(file))

/**
 * Says aloud what could not be tested here. A skipped test is easily overlooked, so it is named after what it needs;
 * where everything has to run (`CI=true`) it fails.
 */
export function notRun(suite: string, what: string): void {
  const sentence = `${suite}: not run: needs ${what}`
  if (process.env['CI'] === 'true')
    test(sentence, () => {
      throw new Error(sentence)
    })
  else test.skip(sentence, () => {})
}

/** The MinIO that was built once and kept outside the checkout. */
export function minioProgram(): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'atrium')
  const built = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith('minio-')) : []
  return built.map((name) => join(cache, name, 'minio')).find((file) => existsSync(file))
}
