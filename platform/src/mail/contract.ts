import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import type { Letter, Mail } from './index.ts'

export interface MailUnderTest {
  mail: Mail
  /** What arrived, as the receiver sees it. */
  arrived(): Promise<Pick<Letter, 'to' | 'subject' | 'text'>[]>
  close(): Promise<void>
}

/** What every adapter of the port keeps. */
export function mailContract(name: string, open: () => Promise<MailUnderTest>): void {
  let under: MailUnderTest
  beforeAll(async () => {
    under = await open()
  })
  afterAll(() => under.close())

  const letter = (more: Partial<Letter> = {}): Letter => ({
    to: 'bob@example.org',
    subject: 'Welcome',
    text: 'Open the link:\n\nhttps://hub.example/invitation/x\n',
    ...more,
  })
  const found = async (subject: string) => {
    const all = await under.arrived()
    return (
      all.find((one) => one.subject === subject) ??
      assert.fail(`${subject} did not arrive, but ${all.map((one) => one.subject).join(', ')}`)
    )
  }

  test(`${name}: a letter arrives as it was written`, async () => {
    await under.mail.send(letter())
    const { to, text } = await found('Welcome')
    assert.equal(to, 'bob@example.org')
    assert.equal(text.trim(), letter().text.trim())
  })

  test(`${name}: in every script, at any length`, async () => {
    const subject = 'Grüße, 世界 👋 ' + 'long '.repeat(60).trim()
    const text = `${'Zeile mit ümlaut\n'.repeat(300)}.\nafter a lonely dot`
    await under.mail.send(letter({ subject, text }))
    assert.equal((await found(subject)).text.trim(), text.trim())
  })

  test(`${name}: a subject cannot add a line to the head`, async () => {
    await under.mail.send(letter({ subject: 'Hello\r\nBcc: eve@example.org' }))
    const last = (await under.arrived()).find((one) => one.subject.startsWith('Hello'))
    assert.equal(last?.to, 'bob@example.org')
  })

  test(`${name}: letters sent together all arrive`, async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => under.mail.send(letter({ subject: `together ${n}` }))))
    const subjects = (await under.arrived()).map((one) => one.subject)
    for (let n = 0; n < 10; n++) assert.equal(subjects.filter((subject) => subject === `together ${n}`).length, 1)
  })
}
