// Somebody with a ticket sends what stalls Yjs, again and again: what the chat of the same process notices of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { lostUpTo, leases, newId, nodeOf, now } from '@atrium/platform'
import { ed25519Tickets } from '@atrium/platform/tickets'
import type { AccountId, FileId, SessionId } from '@atrium/protocol'
import { claims, deletes, endless, intruder, strangers } from '../../collab/src/testing/hostile.ts'
import { Witness } from '../faults/witness.ts'
import { addPeople, addRooms } from './crowd.ts'
import { benchHub } from './processes.ts'
import { percentile, report } from './rig.ts'

const perSecond = 40
const roundMs = 8_000
const rounds = 3

const { hub, db, stop } = await benchHub()
const people = await addPeople(db, 4)
const [roomId] = await addRooms(db, [{ members: people }])
const speakers = await Promise.all(
  people.map((one, n) => new Witness({ url: hub.url, cookie: one.cookie, name: `speaker ${n}` }).open([roomId!])),
)
const tickets = ed25519Tickets({ db, node: nodeOf('signer'), now, newId })
const [node] = await leases(db).list('collab:')
const asOf = await lostUpTo(db)
const where = {
  url: hub.url,
  address: `${hub.url.replace('http', 'ws')}/collab/${node!.key.slice('collab:'.length)}`,
  sign: (fileId: FileId) =>
    tickets.sign('document', {
      fileId,
      accountId: newId() as AccountId,
      sessionId: newId() as SessionId,
      node: node!.node,
      mode: 'write',
      asOf,
    }),
}

/** How long messages took until they were acknowledged, sent when they were due. */
async function chat(): Promise<number[]> {
  const begun = performance.now()
  const sent: Promise<number>[] = []
  for (let n = 0; n < (perSecond * roundMs) / 1_000; n++) {
    const due = begun + (n * 1_000) / perSecond
    await sleep(Math.max(0, due - performance.now()))
    sent.push(speakers[n % speakers.length]!.send(roomId!, `message ${n}`).then(({ endedAt }) => endedAt - due))
  }
  return Promise.all(sent)
}

let hung = 0
/** Each time another account, for the one before is shut out. */
async function attack(isOver: () => boolean): Promise<void> {
  const fileId = newId() as FileId
  while (!isOver()) {
    for (const update of [strangers(16_000), claims, deletes(1, 20_000, 16_000), endless(60_000)]) {
      const evil = await intruder(where, fileId)
      evil.update(update)
      while (!evil.ended() && !isOver()) await sleep(20)
      if (evil.ended().endsWith('shut_out')) hung++
      evil.socket.terminate()
    }
  }
}

await chat()
const calm: number[] = []
const attacked: number[] = []
for (let n = 0; n < rounds; n++) {
  calm.push(percentile(await chat(), 0.95))
  let isOver = false
  const attacking = attack(() => isOver)
  attacked.push(percentile(await chat(), 0.95))
  isOver = true
  await attacking
}
if (hung === 0) throw new Error('No thread hung: the attack does not bite.')
const isReached = report('Chat beside hostile documents', [
  {
    what: `a message acknowledged, p95, while threads of documents hang (${hung} did), more than in calm`,
    unit: 'ms',
    ours: attacked.map((ms, n) => ms - calm[n]!),
    reach: { atMost: 20 },
  },
])
for (const speaker of speakers) await speaker.close()
await stop()
process.exit(isReached ? 0 : 1)
