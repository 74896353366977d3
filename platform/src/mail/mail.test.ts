import assert from 'node:assert/strict'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { inject, test } from 'vitest'
import { Refusal } from '../errors.ts'
import { cloneDatabase } from '../testing/index.ts'
import { mailContract } from './contract.ts'
import { outbox, outboxMails } from './outbox.ts'
import { smtp } from './smtp.ts'

let at = Date.UTC(2030, 0, 1)
const now = () => new Date(at++)

async function keeping() {
  const { db, close } = await cloneDatabase(inject('cluster'))
  return { db, close, mail: outbox({ db, now, newId: () => crypto.randomUUID() }) }
}

/** A mail server in this process, and what it took. */
async function server(options: SMTPServerOptions = {}) {
  const taken: Buffer[] = []
  const receiver = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => void buffer(stream).then((bytes) => (taken.push(bytes), done())),
    ...options,
  })
  receiver.on('error', () => {}) // A client that goes away in the middle is part of what is tested.
  receiver.listen(0, '127.0.0.1')
  await once(receiver.server, 'listening')
  return {
    taken,
    port: (receiver.server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => receiver.close(() => resolve())),
  }
}
const sending = (port: number, who = '') => smtp({ url: `smtp://${who}127.0.0.1:${port}`, from: 'Atrium <hub@example.org>' })

mailContract('outbox', async () => {
  const { db, mail, close } = await keeping()
  return { mail, close, arrived: () => outboxMails(db) }
})

mailContract('smtp', async () => {
  const { taken, port, close } = await server()
  const mail = sending(port)
  return {
    mail,
    async arrived() {
      const letters = await Promise.all(taken.map((bytes) => PostalMime.parse(bytes)))
      return letters.map((letter) => ({ to: letter.to?.[0]?.address ?? '', subject: letter.subject ?? '', text: letter.text ?? '' }))
    },
    async close() {
      await mail.close()
      await close()
    },
  }
})

test('the outbox is read newest first, page by page, and forgets after a month', async () => {
  const { db, mail, close } = await keeping()
  for (const subject of ['one', 'two', 'three']) await mail.send({ to: 'bob@example.org', subject, text: '' })
  const [three, two] = await outboxMails(db, { limit: 2 })
  assert.deepEqual([three?.subject, two?.subject], ['three', 'two'])
  assert.deepEqual(
    (await outboxMails(db, { before: new Date(two!.at) })).map((letter) => letter.subject),
    ['one'],
  )

  at += 31 * 86_400_000
  await mail.send({ to: 'bob@example.org', subject: 'later', text: '' })
  assert.deepEqual(
    (await outboxMails(db)).map((letter) => letter.subject),
    ['later'],
  )
  await close()
})

test('a mail server is greeted with the name and password of its URL', async () => {
  const greeted: unknown[] = []
  const { port, taken, close } = await server({
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      greeted.push([username, password])
      done(null, { user: username })
    },
  })
  const mail = sending(port, 'hub%40example.org:p%3Aw@')
  await mail.send({ to: 'bob@example.org', subject: 'Hello', text: 'text', html: '<p>text</p>' })
  assert.deepEqual(greeted, [['hub@example.org', 'p:w']])
  const letter = await PostalMime.parse(taken[0]!)
  assert.deepEqual([letter.html?.trim(), letter.text?.trim(), letter.from?.address], ['<p>text</p>', 'text', 'hub@example.org'])
  await mail.close()
  await close()
})

test('a letter that is sent twice, as a job may, is known by its name; kept for reading it is one', async () => {
  const { port, taken, close } = await server()
  const mail = sending(port)
  const { db, mail: kept, close: closeKept } = await keeping()
  const id = crypto.randomUUID()
  for (const one of [mail, mail, kept, kept]) await one.send({ id, to: 'bob@example.org', subject: 'Once', text: 'text' })
  const names = await Promise.all(taken.map(async (bytes) => (await PostalMime.parse(bytes)).messageId))
  assert.deepEqual(names, [`<${id}@example.org>`, `<${id}@example.org>`])
  assert.equal((await outboxMails(db)).length, 1)
  await mail.close()
  await close()
  await closeKept()
})

test('what may work later is unavailable, what never will is an error', async () => {
  const { port, close } = await server({
    onRcptTo: ({ address }, _session, done) =>
      done(Object.assign(new Error('no'), { responseCode: address.startsWith('never') ? 550 : 451 })),
  })
  const mail = sending(port)
  const refusal = (error: unknown) => error instanceof Refusal && error.failure.code === 'unavailable'
  await assert.rejects(mail.send({ to: 'busy@example.org', subject: '', text: '' }), refusal)
  await assert.rejects(mail.send({ to: 'never@example.org', subject: '', text: '' }), (error) => !refusal(error))
  await mail.close()
  await close()
  await assert.rejects(sending(port).send({ to: 'bob@example.org', subject: '', text: '' }), refusal)
})
