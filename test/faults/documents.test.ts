import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, test } from 'vitest'
import { postgres } from '@atrium/infra/servers'
import { newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import type { FileId } from '@atrium/protocol'
import { documentProcess, type DocumentProcess } from './document-process.ts'
import { complaintsAbout, editor, type Editor } from './editor.ts'
import { forMs, isLong, patience, seeds } from './form.ts'
import { seeded, type Seeded } from './seed.ts'

const kills = isLong ? 5 : 1

let database: Awaited<ReturnType<typeof postgres>>
let documents: DocumentProcess
beforeAll(async () => {
  database = await postgres({ settings: { fsync: 'on' } })
  documents = await documentProcess(await database.database())
})
afterAll(async () => {
  await documents?.stop()
  await database?.stop()
})

/** Eight people, each at five of twenty documents. */
async function company(): Promise<Editor[]> {
  const files = Array.from({ length: 20 }, () => newId() as FileId)
  const editors = Array.from({ length: 40 }, (_, n) => editor(documents, files[n % 20]!, `e${n}`))
  await until('all are in', () => editors.every((one) => one.isSaved()), 20_000)
  return editors
}

/** Everybody types, until told to stop. */
function typing(editors: readonly Editor[], chance: Seeded): () => void {
  const timer = setInterval(() => chance.one(editors).type(chance.next()), 8)
  return () => clearInterval(timer)
}

async function verdict(editors: readonly Editor[]): Promise<string[]> {
  await until('all is quiet and saved', () => editors.every((one) => one.isSaved()), 10_000 * patience)
  const complaints: string[] = []
  for (const fileId of new Set(editors.map((one) => one.fileId))) {
    const theirs = editors.filter((one) => one.fileId === fileId)
    const fresh = documents.person(fileId)
    const level = theirs[0]!.text.toString()
    await until('a fresh look', () => fresh.isSaved() && fresh.text.length === level.length).catch(() => {})
    complaints.push(...complaintsAbout(theirs, fresh.text.toString()))
    fresh.leave()
  }
  return complaints
}
const p99 = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? NaN

test.each(seeds)('[R-10] the process of documents is killed while people type: what was called saved is there (seed %i)', async (seed) => {
  const chance = seeded(seed)
  const editors = await company()
  const stop = typing(editors, chance)
  try {
    await sleep(forMs / 2)
    const unacknowledged = p99(editors.flatMap((one) => one.savedAfterMs))
    const undone = editors[0]!
    const word = undone.type(0)
    await until('the word is saved', () => undone.saved.has(word))
    for (let n = 0; n < kills; n++) {
      await sleep(chance.between(0, forMs / 2))
      const before = documents.process.pid
      await documents.process.kill('SIGKILL')
      await documents.process.start()
      assert.notEqual(documents.process.pid, before, 'fault not injected')
      await until('all are back', () => editors.every((one) => one.provider.isSynced), 15_000)
    }
    stop()
    const complaints = await verdict(editors)
    assert.deepEqual(complaints, [], `seed ${seed}`)
    while (undone.text.toString().includes(word) && undone.undo.canUndo()) undone.undo.undo()
    assert.ok(!undone.text.toString().includes(word), 'undo no longer works')
    const other = editors.find((one) => one !== undone && one.fileId === undone.fileId)!
    await until('the others see it undone', () => !other.text.toString().includes(word))

    const saved = editors.reduce((sum, one) => sum + one.saved.size, 0)
    assert.ok(saved > 100, `only ${saved} words were saved`)
    console.log(
      `R-10 seed ${seed}: ${kills} kills, ${saved} words saved, none lost; before, 99 of 100 were saved within ${unacknowledged.toFixed(0)} ms`,
    )
    assert.ok(unacknowledged < 250 * patience, `${unacknowledged} ms of typing unacknowledged`)
  } finally {
    stop()
    for (const one of editors) one.leave()
  }
})

test('[R-27] the process of documents is asked to end while people type: they are told, and nothing is lost', async () => {
  const chance = seeded(seeds[0]!)
  const editors = await company()
  const stop = typing(editors, chance)
  try {
    await sleep(forMs / 2)
    const before = documents.process.pid
    const askedAt = performance.now()
    await documents.process.restart('SIGTERM')
    assert.notEqual(documents.process.pid, before, 'fault not injected')
    await until('all are back', () => editors.every((one) => one.provider.isSynced), 15_000)
    stop()
    assert.deepEqual(await verdict(editors), [])
    const told = editors.filter((one) => one.heard.includes('closed 4001 draining')).length
    assert.equal(told, editors.length, 'not everybody was told why')
    console.log(`R-27 documents: ended and back within ${(performance.now() - askedAt).toFixed(0)} ms, ${told} told why`)
  } finally {
    stop()
    for (const one of editors) one.leave()
  }
})

test('[R-12] the database is away: people go on typing, nothing is called saved, and all of it is when it is back', async () => {
  const chance = seeded(seeds[0]!)
  const editors = await company()
  const stop = typing(editors, chance)
  try {
    await sleep(500)
    const { folder } = database
    await database.stop({ keep: true })
    const savedBefore = () => editors.reduce((sum, one) => sum + one.saved.size, 0)
    const typedBefore = editors.reduce((sum, one) => sum + one.typed(), 0)
    // What was under way is answered; from then on nothing is.
    await sleep(500)
    const then = savedBefore()
    await sleep(forMs)
    assert.equal(savedBefore(), then, 'called saved while there was no database')
    const typedMeanwhile = editors.reduce((sum, one) => sum + one.typed(), 0) - typedBefore
    assert.ok(typedMeanwhile > 50, 'typing did not go on')
    const [one, other] = [editors[0]!, editors.find((other) => other !== editors[0] && other.fileId === editors[0]!.fileId)!]
    const word = one.type(0)
    await until('the other sees what is typed meanwhile', () => other.text.toString().includes(word))

    database = await postgres({ folder, settings: { fsync: 'on' } })
    const backAt = performance.now()
    await until('it is saved', () => one.saved.has(word), 5_000 * patience)
    const savedAfter = performance.now() - backAt
    stop()
    assert.deepEqual(await verdict(editors), [])
    console.log(`R-12: ${typedMeanwhile} words typed without a database, saved ${savedAfter.toFixed(0)} ms after it was back`)
  } finally {
    stop()
    for (const one of editors) one.leave()
  }
})
