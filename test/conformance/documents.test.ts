import assert from 'node:assert/strict'
import { once } from 'node:events'
import { beforeAll, describe, inject, test } from 'vitest'
import WebSocket from 'ws'
import { lostUpTo, newId } from '@atrium/platform'
import { until } from '@atrium/platform/testing'
import { notRun } from '@atrium/platform/testing/needs'
import type { FileId } from '@atrium/protocol'
import { hub, type TestHub } from '../../server/src/testing/hub.ts'
import { freePort, redis, redisProgram } from '@atrium/infra/servers'
import { hubProcess, type HubProcess } from '../harness/hub-process.ts'

if (!redisProgram()) notRun('documents on a node of their own', 'redis-server')

describe.skipIf(!redisProgram())('a document node in a process of its own', () => {
  let here: TestHub
  let collab: HubProcess
  beforeAll(async () => {
    const bus = await redis()
    here = await hub(inject('cluster'), { env: { REDIS_URL: bus.url } })
    const { databaseUrl, dataDir } = here.house.config
    collab = await hubProcess({
      name: 'collab-7',
      port: await freePort(),
      main: 'collab/src/main.ts',
      env: {
        ...{ ATRIUM_SERVICES: 'collab', ATRIUM_NODE: 'collab-7', ATRIUM_DATA: `${dataDir}-collab`, ATRIUM_HOST: '127.0.0.1' },
        ...{ DATABASE_URL: databaseUrl!, REDIS_URL: bus.url },
      },
    })
    return async () => {
      await collab.kill()
      await here.close()
      await bus.stop()
    }
  })

  const connect = (path = '/collab/collab-7', origin = here.origin) =>
    new WebSocket(`${here.origin.replace('http', 'ws')}${path}`, { origin, headers: { cookie: here.alice.cookie } })
  const refusalOf = async (socket: WebSocket) => ((await once(socket, 'error')) as [Error])[0].message

  async function greeting(fileId: FileId): Promise<string> {
    const [lease] = await until('the node is found', async () => {
      const leases = await here.house.placement.list('collab:')
      return leases.length > 0 ? leases : undefined
    })
    const { accountId } = here.alice
    const ticket = await here.house.tickets.sign('document', { accountId, sessionId: newId() as never, fileId, node: lease!.node, mode: 'write', asOf: await lostUpTo(here.house.db) }) // prettier-ignore
    return JSON.stringify({ fileId, ticket })
  }

  test('a page reaches it at the one origin there is, and hears from it by name', async () => {
    const fileId = newId() as FileId
    const said = await greeting(fileId)
    const inside = connect()
    await once(inside, 'open')
    inside.send(said)
    const [first] = (await once(inside, 'message')) as [Buffer]
    assert.deepEqual([...first.subarray(0, 37)], [...Buffer.from(`\x24${fileId}`)], 'it speaks of the document')
    inside.terminate()

    const outside = connect()
    await once(outside, 'open')
    outside.send('x'.repeat(10_000))
    const [, reason] = (await once(outside, 'close')) as [number, Buffer]
    assert.equal(reason.toString(), 'ticket_refused')
  })

  test('a node that nobody knows, no node at all and another site’s page are refused', async () => {
    assert.match(await refusalOf(connect('/collab/collab-8')), /503/)
    assert.match(await refusalOf(connect('/collab/')), /404/)
    assert.match(await refusalOf(connect('/collab/..%2Fcollab-7')), /404/)
    assert.match(await refusalOf(connect('/collab/collab-7', 'https://elsewhere.example')), /403/)
  })

  test('when it ends, whoever is connected is told, and the way to it is closed', async () => {
    const socket = connect()
    await once(socket, 'open')
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    await collab.kill('SIGTERM')
    assert.equal((await closed)[1].toString(), 'draining')
    assert.match(await refusalOf(connect()), /503/)
  })
})
