// `npm run atrium -- doctor`: looks at everything a hub stands on, from where the hub would, and says what to do.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '@atrium/platform'
import { openOutgoing } from '@atrium/platform/outgoing'
import type { Check, Finding, Patient } from './finding.ts'
import { busCheck, contentsCheck, databaseCheck, filesCheck, folderCheck, mailCheck, originCheck, portCheck } from './house.ts'
import { mediaChecks, relayChecks } from './media.ts'

/** In the order in which one would look. */
const checks: [about: string, check: Check][] = [
  ['Port', portCheck],
  ['Address', originCheck],
  ['Folder', folderCheck],
  ['Database', databaseCheck],
  ['Bus', busCheck],
  ['Files', filesCheck],
  ['Contents', contentsCheck],
  ['Mail', mailCheck],
  ['Meetings', mediaChecks],
  ['Relays', relayChecks],
]

/** True if nothing is wrong. */
export async function doctor(config: Config, say: (line: string) => void): Promise<boolean> {
  const patient: Patient = { config, running: await whereItRuns(config) }
  let isWell = true
  for (const [about, check] of checks)
    for (const { isGood, what, advice } of await check(patient).catch(unexpected)) {
      say(`${isGood ? '✓' : '✗'} ${about}: ${what}`)
      if (!isGood && advice) say(`    ${advice}`)
      isWell &&= isGood
    }
  say(isWell ? '\nEverything is well.' : '\nSomething is to be done: see the lines with ✗.')
  return isWell
}

/** The hub of this data folder, if it answers. */
async function whereItRuns({ dataDir }: Config): Promise<string | null> {
  const noted = join(dataDir, 'address')
  if (!existsSync(noted)) return null
  const url = readFileSync(noted, 'utf8').trim()
  const answer = await openOutgoing()
    .configured(new URL('/livez', url).href, { timeoutMs: 3_000 })
    .catch(() => undefined)
  return answer?.status === 200 ? url : null
}

/** A check that breaks off has found something too. */
const unexpected = (error: unknown): Finding[] => [{ isGood: false, what: error instanceof Error ? error.message : `${error}` }]
