import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { found } from '@atrium/platform/testing/programs'
import { freePort, program } from './program.ts'
import { answers } from './redis.ts'

export const coturnProgram = () => found('turnserver')
const configuration = fileURLToPath(new URL('../turn/turnserver.conf', import.meta.url))

/** A real TURN server on loopback, by the configuration that operators are given; only its addresses are this machine's. */
export async function coturn(secret: string) {
  const command = coturnProgram()
  if (!command) throw new Error('needs coturn')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-coturn-'))
  const port = await freePort()
  const running = await program(
    'coturn',
    command,
    [
      ...['-c', configuration, `--static-auth-secret=${secret}`, `--listening-port=${port}`],
      ...['--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', '--allow-loopback-peers', '--allowed-peer-ip=127.0.0.1'],
      ...['--no-tls', '--no-dtls', `--pidfile=${folder}/pid`, `--userdb=${folder}/users`],
    ],
    { isReady: () => answers(port) },
  )
  return {
    url: `turn:127.0.0.1:${port}`,
    port,
    pid: running.pid,
    async stop() {
      await running.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
