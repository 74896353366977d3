import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, test } from 'vitest'
import { until } from '@atrium/platform/testing'
import { pipeFrom, pipeInto, pipeMemory } from './pipe.ts'

const closings: (() => void)[] = []
afterEach(() => closings.splice(0).forEach((close) => close()))

/** Both ends in this thread: what is written is heard in a later turn. */
function pipe(everyMs?: number) {
  const { port1, port2 } = new MessageChannel()
  const memory = pipeMemory()
  const heard: Uint8Array[] = []
  let wakings = 0
  const post = port1.postMessage.bind(port1)
  port1.postMessage = (...said: [any, any?]) => {
    wakings++
    post(...said)
  }
  pipeFrom({ memory, port: port2 }, (packet) => void heard.push(packet), everyMs)
  closings.push(() => port1.close())
  return { write: pipeInto({ memory, port: port1 }), heard, wakings: () => wakings }
}
const packet = (length: number, n: number) => new Uint8Array(length).fill(n)

test('packets of all sizes come whole and in order, also when more is written than there is room for', async () => {
  const { write, heard } = pipe(4)
  let seed = 4_711
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const sizes = Array.from({ length: 800 }, () => random([100, 5_000, 80_000, 200_000][random(4)]!))
  for (const [n, size] of sizes.entries()) {
    write(packet(size, n))
    // Sometimes the reader gets a turn, and sometimes much waits.
    if (random(20) === 0) await new Promise((resolve) => setImmediate(resolve))
    if (random(500) === 0) await sleep(6)
  }
  await until('all were heard', () => heard.length === sizes.length)
  for (const [n, size] of sizes.entries()) {
    const whole = heard[n]!
    assert.equal(whole.length, size, `packet ${n}`)
    assert.ok(
      whole.every((byte) => byte === n % 256),
      `packet ${n}`,
    )
  }
})

test('one packet wakes at once; of many that follow one another few do, and after them one wakes again', async () => {
  const { write, heard, wakings } = pipe(20)
  write(packet(10, 1))
  assert.equal(wakings(), 1)
  await until('it was heard', () => heard.length === 1)
  for (let n = 0; n < 100; n++) {
    write(packet(10, n))
    await sleep(2)
  }
  await until('all were heard', () => heard.length === 101)
  assert.ok(wakings() < 25, `${wakings()} wakings`)
  await sleep(120)
  const before = wakings()
  write(packet(10, 1))
  await until('it was heard', () => heard.length === 102)
  assert.equal(wakings(), before + 1)
})

test('without an interval each is heard at once', async () => {
  const { write, heard } = pipe()
  for (let n = 1; n <= 20; n++) {
    write(packet(10, n))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    await until('it was heard', () => heard.length === n)
  }
})

test('what is much does not keep the reader from everything else', async () => {
  const { port1, port2 } = new MessageChannel()
  closings.push(() => port1.close())
  const memory = pipeMemory()
  const write = pipeInto({ memory, port: port1 })
  let heard = 0
  let turns = 0
  pipeFrom({ memory, port: port2 }, () => {
    for (const until = performance.now() + 1; performance.now() < until;);
    // As fast as it is read, until others had their turn.
    if (++heard < 2_000 && turns < 3) write(packet(40, 1))
  })
  write(packet(40, 1))
  const turn = () => void (++turns < 3 && setImmediate(turn))
  await until('it was begun', () => heard > 0)
  setImmediate(turn)
  await until('others had their turn', () => turns === 3)
  assert.ok(heard < 2_000, `${heard}`)
})

test.each([0, 4])('between two threads none is left unheard, every %i ms', async (everyMs) => {
  const { port1: port, port2 } = new MessageChannel()
  const memory = pipeMemory()
  const heard = new Int32Array(new SharedArrayBuffer(4))
  const workerData = { pipe: { memory, port: port2 }, heard, everyMs }
  const reader = new Worker(new URL('testing/pipe-reader.ts', import.meta.url), { workerData, transferList: [port2] })
  const write = pipeInto({ memory, port })
  let written = 0
  const say = (...lengths: number[]) => {
    for (const length of lengths) write(packet(length, ++written))
  }
  const isHeard = () => Atomics.load(heard, 0) === written
  say(40)
  await until('the reader is there', isHeard)
  for (const begun = performance.now(); performance.now() - begun < 2_000;) {
    say(40)
    // It hears that, and goes to sleep just as more comes: small, large and small again.
    for (const patient = performance.now() + 5; !isHeard() && performance.now() < patient;);
    for (let times = Math.random() * 400; times > 0; times--) Atomics.load(heard, 0)
    say(40, 40, 70_000, 40)
    await until('all was heard', isHeard)
    if (everyMs > 0) await sleep(12 * Math.random())
    say(40)
    await until('a small one wakes', isHeard)
  }
  await reader.terminate()
})
