import { flushSync } from 'svelte'
import { expect, test } from 'vitest'
import type { AccountId } from '@atrium/protocol'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { PresenceBook } from './presence.svelte.ts'

const [ada, bob, cleo] = ['a', 'b', 'c'] as AccountId[] as [AccountId, AccountId, AccountId]

function book() {
  const asked: AccountId[][] = []
  const heard = new Set<string>()
  const begun: string[] = []
  let status = $state.raw({ kind: 'online' })
  const hub = {
    get status() {
      return status
    },
    feed: {
      overhear(topic: string) {
        heard.add(topic)
        begun.push(topic)
        return () => void heard.delete(topic)
      },
    },
    async call(_name: string, { accountIds }: { accountIds: AccountId[] }) {
      asked.push(accountIds)
      return { ok: true, data: [] }
    },
  } as unknown as HubConnection
  const stands = (kind: string) => {
    status = { kind }
    flushSync()
  }
  const sut = new PresenceBook(hub)
  flushSync()
  return { sut, asked, heard, begun, stands }
}
const soon = () => new Promise((resolve) => setTimeout(resolve))

test('who is looked at anew at once, as whenever a room changes, is neither left nor asked for again', async () => {
  const { sut, asked, heard, begun } = book()
  let leave = sut.watch([ada, bob])
  await soon()
  for (let times = 0; times < 3; times++) {
    leave()
    leave = sut.watch([bob, ada])
    await soon()
  }
  expect(asked).toEqual([[ada, bob]])
  expect(begun).toEqual(['presence:a', 'presence:b'])

  leave()
  leave = sut.watch([bob, cleo])
  await soon()
  expect(asked).toEqual([[ada, bob], [cleo]])
  expect([...heard]).toEqual(['presence:b', 'presence:c'])
  leave()
  await soon()
  expect(heard.size).toBe(0)
})

test('who is shown at two places is left with the last of them', async () => {
  const { sut, heard } = book()
  const [inList, inRoom] = [sut.watch([ada]), sut.watch([ada, bob])]
  inRoom()
  await soon()
  expect([...heard]).toEqual(['presence:a'])
  inList()
  await soon()
  expect(heard.size).toBe(0)
})

test('with each connection everybody on screen is asked for once: what changed meanwhile was told to nobody', async () => {
  const { sut, asked, stands } = book()
  stands('connecting')
  sut.watch([ada, bob])
  await soon()
  expect(asked).toEqual([])
  stands('online')
  await soon()
  expect(asked).toEqual([[ada, bob]])
  stands('reconnecting')
  stands('online')
  await soon()
  expect(asked).toEqual([
    [ada, bob],
    [ada, bob],
  ])
})
