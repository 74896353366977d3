import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { notRun } from '@atrium/platform/testing/needs'
import { usualProgram } from '@atrium/sfu/testing/node'
import { chromiumProgram, openChromium, told, until } from '../harness/browsers.ts'
import { roamingChromium } from '../harness/network.ts'
import { missingFor, topologies, topology, type Topology } from '../harness/topology.ts'
import { nextFrame } from '../harness/watching.ts'
import { linesOn, openDocument, sharedFolder, standing, write } from '../scenarios/filing.ts'
import { bothInside, comeIn, sees, tileOf } from '../scenarios/meeting.ts'
import { peopled, screenOf, type Somebody } from '../scenarios/people.ts'
import { isLong, patience } from './form.ts'

/** How long the network is gone, and after how long pictures are to move again. Ten seconds of it are a scenario of their own. */
const gaps = [
  { awayMs: 2_000, lineMs: 1_500 },
  { awayMs: 10_000, lineMs: 3_000 },
  { awayMs: 30_000, lineMs: 3_000 },
].slice(0, isLong ? undefined : 1)

describe.each(isLong ? topologies : (['together'] as const))('%s', (name) => {
  const missing = missingFor(name) ?? (!chromiumProgram() ? 'chromium' : existsSync(usualProgram()) ? undefined : 'the media worker')
  if (missing) return notRun(`R-20 in browsers, ${name}`, missing)
  let hub: Topology
  let steady: Browser
  let ada: Somebody
  let bob: Somebody
  beforeAll(async () => {
    ;[hub, steady] = await Promise.all([topology(name), openChromium()])
    ;({ ada, bob } = await peopled(hub))
  })
  afterAll(async () => {
    await steady?.close()
    await hub?.stop()
  })

  test.each(gaps)(
    '[R-20] a browser is without a network for $awayMs ms, with a meeting and a document open: the same place, moving again, all words',
    async ({ awayMs, lineMs }) => {
      const { folderId, roomId } = await sharedFolder(ada, bob)
      const { id } = await ada.call('files.document.create', { clientId: randomUUID(), folderId, name: `Log of ${awayMs}` })
      const { slug } = await ada.call('meetings.start', { clientId: randomUUID(), roomId })
      const roaming = await roamingChromium()
      const open = (browser: Browser, who: Somebody) => screenOf(browser, who, hub.url)
      const [first, firstPaper] = [await open(steady, ada), await open(steady, ada)]
      const [second, secondPaper] = [await open(roaming.browser, bob), await open(roaming.browser, bob)]
      try {
        for (const { page } of [firstPaper, secondPaper]) await openDocument(page, id)
        for (const { page } of [first, second]) await comeIn(page, slug)
        await Promise.all([sees(first.page, 'Bob Crane'), sees(second.page, 'Ada Stork')])
        const idOf = () => tileOf(first.page, 'Bob Crane').getAttribute('data-participant')
        const before = await idOf()
        await first.page.evaluate(`globalThis.wasGone = false
          new MutationObserver(() => (wasGone ||= !document.querySelector('figure[data-participant="${before}"]')))
            .observe(document.body, { subtree: true, childList: true })`)

        roaming.lose()
        await write(secondPaper.page, 'Bob writes in the tunnel.')
        await write(firstPaper.page, 'Ada writes meanwhile.')
        // What was on its way is shown by then.
        await sleep(awayMs / 2)
        const seen = [nextFrame(first.page, 'Picture of Bob Crane'), nextFrame(second.page, 'Picture of Ada Stork')]
        const moves = Promise.any(seen).catch(() => undefined)
        assert.equal(await Promise.race([moves.then(() => 'moves'), sleep(awayMs / 2, 'is still')]), 'is still')
        roaming.regain()
        const regainedAt = performance.now()
        const [there, here] = (await Promise.all(seen)).map((at) => Math.round(at - regainedAt))
        console.log(`R-20 in browsers, ${name}, ${awayMs} ms: Bob moves again after ${there} ms, and sees Ada after ${here} ms`)

        assert.equal(await idOf(), before)
        assert.equal(await first.page.evaluate('wasGone'), false, 'Ada saw him leave')
        for (const after of [there!, here!]) assert.ok(after < lineMs * patience, `after ${after} ms`)
        for (const { page } of [firstPaper, secondPaper]) {
          await until('both have all words', async () => (await linesOn(page)).length === 2)
          await standing(page, 'Saved').waitFor()
        }
        assert.deepEqual(await linesOn(firstPaper.page), await linesOn(secondPaper.page))
      } catch (error) {
        roaming.regain()
        await told(error)
      } finally {
        await Promise.all([first, firstPaper].map(({ page }) => page.context().close()))
        await roaming.stop()
      }
    },
  )

  if (isLong && name === 'apart')
    test('[R-19] the media node of two browsers is killed for good: they see each other again, as the same participants', async () => {
      const { slug, roomId } = await ada.call('meetings.create', { clientId: randomUUID(), title: 'Harbour Bath' })
      await ada.call('chat.room.invite', { clientId: randomUUID(), roomId, accountIds: [bob.accountId as never] })
      const [first, second] = [await screenOf(steady, ada, hub.url), await screenOf(steady, bob, hub.url)]
      await bothInside(first, second, slug)
      const before = await tileOf(first.page, 'Bob Crane').getAttribute('data-participant')
      await hub.outside!.anotherMediaNode()
      const node = hub.processes.find((one) => one.name === 'sfu-1')!
      try {
        const killedAt = performance.now()
        await node.kill('SIGKILL')
        // What was on its way is shown by then.
        await sleep(1_000)
        const seen = [nextFrame(first.page, 'Picture of Bob Crane'), nextFrame(second.page, 'Picture of Ada Stork')]
        const after = (await Promise.all(seen)).map((at) => Math.round(at - killedAt))
        console.log(`R-19 in browsers, ${name}: pictures move again after ${after.join(' and ')} ms`)
        for (const ms of after) assert.ok(ms < 8_000 * patience, `after ${ms} ms`)
        assert.equal(await tileOf(first.page, 'Bob Crane').getAttribute('data-participant'), before)
      } catch (error) {
        await told(error)
      } finally {
        await Promise.all([first, second].map(({ page }) => page.context().close()))
        await node.start()
      }
    })
})
