import assert from 'node:assert/strict'
import { test } from 'vitest'
import type { AccountId, FileId, Share } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { Access } from './access.svelte.ts'

const [plan, folder] = ['plan', 'folder'] as FileId[]
const share = (fileId: FileId, accountId: string, may: Share['may'] = 'read'): Share => ({
  ...{ fileId, may, at: '2026-01-01T00:00:00.000Z' },
  ...{ accountId: accountId as AccountId, by: 'ada' as AccountId },
})

/** A hub that keeps shares, and refuses when it is told to. */
async function shared(...shares: Share[]) {
  let refuses = false
  const calls = {
    'files.shares': () => ({ shares: [...shares], people: [] }),
    'files.share.lists': () => [],
    'files.share': ({ fileId, accountId, may }: Share) => share(fileId, accountId, may),
    'files.unshare': () => ({}),
  }
  const hub = {
    newId: () => 'id',
    call: async (name: keyof typeof calls, input: never) =>
      refuses ? { ok: false, error: { code: 'forbidden', key: 'files.readOnly' } } : { ok: true, data: calls[name](input) },
  }
  const access = new Access(hub as unknown as HubConnection, { learn: () => undefined } as unknown as People, plan!)
  await access.load()
  const names = () => access.list.map(({ accountId, may, fileId }) => `${accountId} ${may}${fileId === plan ? '' : ' by folder'}`)
  return { access, names, refuse: () => void (refuses = true) }
}

test('who has it by itself comes first, and is not said twice for having it with a folder as well', async () => {
  const { names } = await shared(share(folder!, 'bob'), share(folder!, 'eve'), share(plan!, 'bob', 'write'))
  assert.deepEqual(names(), ['bob write', 'eve read by folder'])
})

test('what is given, or given anew, is in the list at once', async () => {
  const { access, names } = await shared(share(plan!, 'bob'))
  assert.equal(await access.give('eve' as AccountId, 'read'), undefined)
  assert.equal(await access.give('bob' as AccountId, 'write'), undefined)
  assert.deepEqual(names(), ['bob write', 'eve read'])
})

test('what could not be taken back stays, and why is said', async () => {
  const { access, names, refuse } = await shared(share(plan!, 'bob'))
  refuse()
  const taken = access.take(access.list[0]!)
  assert.deepEqual(names(), [])
  assert.equal((await taken)?.key, 'files.readOnly')
  assert.deepEqual(names(), ['bob read'])
})
