import assert from 'node:assert/strict'
import { expect, test } from 'vitest'
import { newId, nodeOf, Refusal } from '@atrium/platform'
import type { Draft, Internal, MeetingId, OperationName } from '@atrium/protocol'
import { dtlsParameters, otherDtlsParameters, rtpCapabilities, sending, withMediaNode, type MediaNode } from './testing/node.ts'

/** Everything that a page may send and no page of ours does. After each the same worker carries the same meeting. */

let hub: MediaNode
const meetingId = newId() as MeetingId
type Page = Awaited<ReturnType<MediaNode['enter']>>
let alice: Page
let mallory: Page
let guest: Page
let camera: string
withMediaNode({ patience: { silentMs: 60_000 } }, async (node) => {
  hub = node
  alice = await hub.enter(meetingId)
  mallory = await hub.enter(meetingId)
  guest = await hub.enter(meetingId, { may: ['audio'] })
  camera = (await alice.produce('camera')).producerId
})

const refusal = (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  return error.failure.code
}
const codeOf = (asked: Promise<unknown>) => asked.then(() => 'ok', refusal)
/** Both are still there, and a worker that had died would have taken them with it. */
async function allIsWell() {
  const { producers } = await alice.look()
  assert.deepEqual(producers.filter(({ id }) => id === camera).length, 1)
  const { consumers } = await mallory.call('media.consume', { producerIds: [camera] })
  assert.equal(consumers.length, 1)
}

type Case = [what: string, operation: OperationName<Internal>, input: () => object, code: string]
const camerasEncodings = () => sending('camera').encodings
const withParameters = (more: object) => () => ({
  transportId: mallory.joined.send.id,
  source: 'camera',
  rtpParameters: { ...sending('camera'), ...more },
})
const cases: Case[] = [
  [
    'no fingerprint',
    'media.connect',
    () => ({ transportId: mallory.joined.send.id, dtlsParameters: { role: 'client', fingerprints: [] } }),
    'invalid',
  ],
  [
    'a fingerprint of letters',
    'media.connect',
    () => ({ transportId: mallory.joined.send.id, dtlsParameters: { fingerprints: [{ algorithm: 'sha-256', value: 'x'.repeat(95) }] } }),
    'invalid',
  ],
  [
    'a fingerprint too short for its algorithm',
    'media.connect',
    () => ({
      transportId: mallory.joined.receive.id,
      dtlsParameters: { fingerprints: [{ algorithm: 'sha-512', value: dtlsParameters.fingerprints[0]!.value.slice(0, 59) }] },
    }),
    'any',
  ],
  ["another's transport", 'media.connect', () => ({ transportId: alice.joined.send.id, dtlsParameters }), 'not_found'],
  ['a transport that nobody has', 'media.connect', () => ({ transportId: newId(), dtlsParameters }), 'not_found'],
  ["a restart of another's transport", 'media.restart', () => ({ transportId: alice.joined.receive.id }), 'not_found'],
  [
    'producing where one receives',
    'media.produce',
    () => ({ transportId: mallory.joined.receive.id, source: 'camera', rtpParameters: sending('camera') }),
    'not_found',
  ],
  [
    'ten thousand encodings',
    'media.produce',
    withParameters({ encodings: Array.from({ length: 10_000 }, (_, n) => ({ ssrc: n + 1 })) }),
    'invalid',
  ],
  ['no encodings', 'media.produce', withParameters({ encodings: [] }), 'invalid'],
  ['no codecs', 'media.produce', withParameters({ codecs: [] }), 'invalid'],
  ['an ssrc of zero', 'media.produce', withParameters({ encodings: [{ ssrc: 0 }] }), 'invalid'],
  ['an ssrc beyond what there is', 'media.produce', withParameters({ encodings: [{ ssrc: 2 ** 32 }] }), 'invalid'],
  ['an ssrc that is a word', 'media.produce', withParameters({ encodings: [{ ssrc: '1' }] }), 'invalid'],
  ['the same ssrc twice', 'media.produce', withParameters({ encodings: [{ ssrc: 7 }, { ssrc: 7 }] }), 'any'],
  ['a layer both by ssrc and by rid', 'media.produce', withParameters({ encodings: [{ ssrc: 71, rid: 'a' }, { rid: 'a' }] }), 'any'],
  ['neither ssrc nor rid nor mid', 'media.produce', withParameters({ mid: undefined, encodings: [{}] }), 'any'],
  [
    'a codec that nobody offered',
    'media.produce',
    withParameters({ codecs: [{ mimeType: 'video/H265', payloadType: 96, clockRate: 90_000 }] }),
    'invalid',
  ],
  ['sound as a camera', 'media.produce', withParameters(sending('microphone')), 'any'],
  [
    'a retransmission of nothing',
    'media.produce',
    withParameters({ codecs: [{ mimeType: 'video/rtx', payloadType: 97, clockRate: 90_000, parameters: { apt: 12 } }] }),
    'invalid',
  ],
  [
    'a payload type of 128',
    'media.produce',
    withParameters({ codecs: [{ mimeType: 'video/VP8', payloadType: 128, clockRate: 90_000 }] }),
    'invalid',
  ],
  [
    'the same payload type twice',
    'media.produce',
    withParameters({ codecs: [...sending('camera').codecs, ...sending('camera').codecs] }),
    'any',
  ],
  ['a header extension of no name', 'media.produce', withParameters({ headerExtensions: [{ uri: 'urn:nobody:knows', id: 3 }] }), 'any'],
  [
    'a header extension without a number',
    'media.produce',
    withParameters({ headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 0 }] }),
    'invalid',
  ],
  [
    'thousands of layers by name',
    'media.produce',
    withParameters({ encodings: camerasEncodings().map((one) => ({ ...one, scalabilityMode: 'L99T99' })) }),
    'any',
  ],
  [
    'more than was granted',
    'media.produce',
    () => ({ transportId: guest.joined.send.id, source: 'screen', rtpParameters: sending('screen') }),
    'forbidden',
  ],
  ["another's producer id for one's own", 'media.produce', () => ({ ...withParameters({})(), clientId: camera }), 'conflict'],
  ["pausing another's camera", 'media.pause', () => ({ producerId: camera, isPaused: true }), 'not_found'],
  ["closing another's camera does nothing", 'media.close', () => ({ producerId: camera }), 'ok'],
  ['capabilities without codecs', 'media.capable', () => ({ rtpCapabilities: { codecs: [] } }), 'invalid'],
  [
    'a thousand codecs',
    'media.capable',
    () => ({ rtpCapabilities: { codecs: Array.from({ length: 1_000 }, () => rtpCapabilities.codecs[0]) } }),
    'invalid',
  ],
  ['receiving what nobody sends', 'media.consume', () => ({ producerIds: [newId(), newId()] }), 'ok'],
  [
    'wanting what one does not receive',
    'media.wants',
    () => ({ consumers: [{ id: newId(), isPaused: false, width: 640, height: 360 }] }),
    'ok',
  ],
  ['a tile of endless width', 'media.wants', () => ({ consumers: [{ id: newId(), isPaused: false, width: 1e9, height: 1 }] }), 'invalid'],
  ['releasing what one does not have', 'media.release', () => ({ consumerIds: [newId()] }), 'ok'],
  ['more than the operation knows', 'media.look', () => ({ more: 1 }), 'invalid'],
]
test.each(cases)('%s', async (_what, operation, input, code) => {
  const page = code === 'forbidden' ? guest : mallory
  const found = await codeOf(page.call(operation, input()))
  if (code === 'any') expect(['ok', 'invalid', 'conflict']).toContain(found)
  else assert.equal(found, code)
  await allIsWell()
})

test('one who has not said what they can receive receives nothing', async () => {
  const by = { accountId: alice.accountId, sessionId: alice.sessionId }
  const ticket = await hub.sign({ meetingId, ...by })
  const { node, peer } = await hub.ask('media.join', { ...by, input: { clientId: newId(), meetingId, ticket } })
  const asked = hub.ask('media.consume', { ...by, input: { node, peer, clientId: newId(), producerIds: [camera] } })
  assert.equal(await codeOf(asked), 'conflict')
  await allIsWell()
})

test('capabilities that fit nothing bring nothing', async () => {
  const [opus] = rtpCapabilities.codecs
  for (const codecs of [
    [{ ...opus!, preferredPayloadType: 0 }],
    [{ ...opus!, clockRate: 1, channels: 8 }],
    [{ ...opus!, mimeType: 'video/opus' }],
  ]) {
    const page = await hub.enter(meetingId)
    assert.equal(await codeOf(page.call('media.capable', { rtpCapabilities: { codecs } })), 'ok')
    assert.deepEqual((await page.call('media.consume', { producerIds: [camera] })).consumers, [])
  }
  await allIsWell()
})

test('a second description of the same connection is refused, a repetition is not', async () => {
  const page = await hub.enter(meetingId)
  const transportId = page.joined.send.id
  const connect = () => codeOf(page.call('media.connect', { transportId, dtlsParameters }))
  assert.deepEqual([await connect(), await connect()], ['ok', 'ok'])
  assert.equal(await codeOf(page.call('media.connect', { transportId, dtlsParameters: otherDtlsParameters })), 'conflict')
})

test("the page's secret serves its own account and session alone", async () => {
  const { peer, node } = alice.joined
  for (const by of [mallory.by, { ...alice.by, sessionId: mallory.sessionId }, { ...alice.by, accountId: mallory.accountId }])
    assert.equal(await codeOf(hub.ask('media.look', { ...by, input: { node, peer } })), 'not_found')
})

test('a ticket is good for its bearer, its meeting, this run of this node, and once', async () => {
  const by = { accountId: alice.accountId, sessionId: newId() as typeof alice.sessionId }
  const join = (ticket: string, more: Partial<Draft<Internal, 'media.join'>> = {}, meeting = meetingId) =>
    codeOf(hub.ask('media.join', { ...by, input: { clientId: newId(), meetingId: meeting, ticket }, ...more }))
  const ticket = await hub.sign({ meetingId, ...by })
  assert.equal(await join(ticket, { sessionId: mallory.sessionId }), 'forbidden')
  assert.equal(await join(ticket, { accountId: mallory.accountId }), 'forbidden')
  assert.equal(await join(ticket, {}, newId() as MeetingId), 'forbidden')
  assert.equal(await join(`${ticket.slice(0, -6)}AAAAAA`), 'forbidden')
  assert.equal(await join(await hub.sign({ meetingId, ...by, node: nodeOf('sfu-1').id })), 'forbidden')
  assert.equal(await join(ticket), 'ok')
  assert.equal(await join(ticket), 'forbidden')
})

test('a join whose answer was lost is answered again, with the same page', async () => {
  const by = { accountId: alice.accountId, sessionId: newId() as typeof alice.sessionId }
  const input = { clientId: newId(), meetingId, ticket: await hub.sign({ meetingId, ...by }) }
  const one = await hub.ask('media.join', { ...by, input })
  assert.equal((await hub.ask('media.join', { ...by, input })).peer, one.peer)
  // The same words by somebody else are not theirs.
  assert.equal(await codeOf(hub.ask('media.join', { accountId: mallory.accountId, sessionId: mallory.sessionId, input })), 'forbidden')
})

test('what is asked twice at once is done once', async () => {
  const page = await hub.enter(meetingId)
  const clientId = newId()
  const rtpParameters = sending('camera')
  const produced = await Promise.all(
    [1, 2, 3].map(() => page.call('media.produce', { clientId, transportId: page.joined.send.id, source: 'camera', rtpParameters })),
  )
  assert.deepEqual(new Set(produced.map(({ producerId }) => producerId)), new Set([clientId]))
  const consumed = await Promise.all([1, 2, 3].map(() => page.call('media.consume', { producerIds: [camera, camera] })))
  assert.equal(new Set(consumed.flatMap(({ consumers }) => consumers.map(({ id }) => id))).size, 1)
})

test("a host's silence: the microphone alone is paused, and its owner may speak again", async () => {
  const page = await hub.enter(meetingId)
  const { producerId } = await page.produce('microphone')
  await page.produce('camera')
  await hub.ask('media.mute', { meetingId, participantIds: [page.participantId] })
  const mine = async () => (await page.look()).producers.filter(({ participantId }) => participantId === page.participantId)
  assert.deepEqual(
    (await mine()).map(({ source, isPaused }) => [source, isPaused]),
    [
      ['microphone', true],
      ['camera', false],
    ],
  )
  await page.call('media.pause', { producerId, isPaused: false })
  assert.deepEqual(
    (await mine()).map(({ isPaused }) => isPaused),
    [false, false],
  )
})

test('whatever is done to a message, the worker lives', async () => {
  const seed = Number(process.env['ATRIUM_TEST_SEED'] ?? Date.now() % 1e6)
  let state = seed
  const random = (below: number) => (state = (state * 48_271 + 11) % 2_147_483_647) % below
  const odd = [
    null,
    '',
    0,
    -1,
    2 ** 31,
    2 ** 32 - 1,
    1.5,
    true,
    [],
    {},
    'x'.repeat(300),
    'urn:ietf:params:rtp-hdrext:sdes:mid',
    'rtx',
    'L3T3',
    [null],
  ]
  /** One value somewhere in it is another, is gone, or is there twice. */
  function damaged(thing: unknown): unknown {
    if (typeof thing !== 'object' || thing === null || random(6) === 0) return odd[random(odd.length)]
    if (Array.isArray(thing)) {
      const n = random(Math.max(1, thing.length))
      if (random(3) === 0) return [...thing, thing[n]]
      return thing.map((one, at) => (at === n ? damaged(one) : one))
    }
    const keys = Object.keys(thing)
    const key = keys[random(Math.max(1, keys.length))]!
    if (random(5) === 0) return Object.fromEntries(Object.entries(thing).filter(([name]) => name !== key))
    return { ...thing, [key]: damaged((thing as Record<string, unknown>)[key]) }
  }
  const page = await hub.enter(meetingId)
  const whole = [
    ['media.produce', () => ({ transportId: page.joined.send.id, source: 'camera', rtpParameters: sending('camera') })],
    ['media.produce', () => ({ transportId: page.joined.send.id, source: 'microphone', rtpParameters: sending('microphone') })],
    ['media.capable', () => ({ rtpCapabilities })],
    ['media.connect', () => ({ transportId: page.joined.receive.id, dtlsParameters })],
    ['media.consume', () => ({ producerIds: [camera] })],
  ] as const
  const codes = new Map<string, number>()
  for (let n = 0; n < 1_500; n++) {
    const [operation, make] = whole[random(whole.length)]!
    const code = await codeOf(page.call(operation, damaged(make()) as object))
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  await allIsWell()
  const told = `seed ${seed}: ${JSON.stringify(Object.fromEntries(codes))}`
  assert.ok(!codes.has('internal') && !codes.has('unavailable'), told)
  // Some come through to the worker, or nothing was tried.
  assert.ok((codes.get('ok') ?? 0) > 20 && (codes.get('invalid') ?? 0) > 500, told)
})
