import assert from 'node:assert/strict'
import { test } from 'vitest'
import { layersFor, priorityOf, lossOf } from './quality.ts'

const three = Array.from({ length: 3 }, () => ({ scalabilityMode: 'L3T3' }))
const at = (width: number, height: number) => layersFor(three, 'camera', { width, height })

test('a tile gets the least that looks right in it', () => {
  assert.deepEqual(at(160, 90), { spatialLayer: 0, temporalLayer: 1 })
  assert.deepEqual(at(320, 180), { spatialLayer: 0, temporalLayer: 2 })
  assert.deepEqual(at(400, 225), { spatialLayer: 0, temporalLayer: 2 })
  assert.deepEqual(at(640, 360), { spatialLayer: 1, temporalLayer: 2 })
  assert.deepEqual(at(1280, 720), { spatialLayer: 2, temporalLayer: 2 })
  assert.deepEqual(at(3840, 2160), { spatialLayer: 2, temporalLayer: 2 })
  // Narrow and high, as on a phone: what is too low would be blurred too.
  assert.equal(at(200, 700)?.spatialLayer, 2)
})

test('where there is one size, or no picture, there is nothing to choose', () => {
  assert.equal(layersFor(three.slice(0, 1), 'screen', { width: 100, height: 100 }), undefined)
  assert.equal(layersFor(three, 'microphone', { width: 100, height: 100 }), undefined)
})

test('a screen is served before faces, a large face before a small one', () => {
  const large = priorityOf('camera', { width: 1280, height: 720 })
  const small = priorityOf('camera', { width: 160, height: 90 })
  assert.ok(priorityOf('screen', { width: 320, height: 180 }) > large && large > small && small >= 1)
  for (const width of [0, 1, 16_384]) {
    const priority = priorityOf('camera', { width, height: width })
    assert.ok(Number.isInteger(priority) && priority >= 1 && priority <= 255, `${width}: ${priority}`)
  }
})

test('losses are told from the page’s side, in percent', () => {
  const base = { transportId: 't', timestamp: 0 } as never as Parameters<typeof lossOf>[0] & object
  const [send, receive] = [
    { ...base, rtpPacketLossReceived: 0.0213 },
    { ...base, rtpPacketLossSent: 3 },
  ]
  assert.deepEqual(lossOf(send, receive), { sendLoss: 2.1, receiveLoss: 100 })
  assert.deepEqual(lossOf(undefined, undefined), { sendLoss: 0, receiveLoss: 0 })
})
