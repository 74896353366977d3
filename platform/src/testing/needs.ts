import { test } from 'vitest'

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
