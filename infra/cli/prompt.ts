import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export const standardInput = (): string => readFileSync(0, 'utf8')

/** Typed twice without being shown; from a program, the first line of standard input. */
export async function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY) return standardInput().split(/\r?\n/, 1)[0]!
  const once = await typed(question)
  if ((await typed(`Again, ${question}`)) !== once) throw new Error('These are not the same. Nothing was changed.')
  return once
}

function typed(question: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  process.stderr.write(question)
  return new Promise((resolve, reject) => {
    lines.on('SIGINT', () => reject(new Error('Nothing was changed.')))
    lines.question('', (answer) => {
      lines.close()
      process.stderr.write('\n')
      resolve(answer)
    })
  })
}
