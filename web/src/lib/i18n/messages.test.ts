import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { sentences, type Failure } from '@atrium/protocol'
import { language, languages } from './language.svelte.ts'
import { sentence } from './sentence.ts'

type Message = string | { match: Record<string, string> }[]
const read = (name: string) =>
  JSON.parse(readFileSync(`${import.meta.dirname}/../../../messages/${name}.json`, 'utf8')) as Record<string, Message>
const textsOf = (message: Message): string[] =>
  typeof message === 'string' ? [message] : message.flatMap((one) => Object.values(one.match))
const placesIn = (message: Message) => [...new Set(textsOf(message).flatMap((text) => text.match(/\{\w+\}/g) ?? []))].sort()

for (const [english, german] of [
  ['en', 'de'],
  ['chat.en', 'chat.de'],
  ['refusals.en', 'refusals.de'],
  ['about.en', 'about.de'],
  ['me.en', 'me.de'],
  ['meetings.en', 'meetings.de'],
  ['files.en', 'files.de'],
  ['documents.en', 'documents.de'],
] as const) {
  const [en, de] = [read(english), read(german)]

  test(`${english} and ${german} say the same things`, () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort())
  })

  test(`every message of ${german} fills in what ${english} fills in`, () => {
    for (const [key, message] of Object.entries(en)) expect(placesIn(de[key]!), key).toEqual(placesIn(message))
  })

  test(`nothing in ${english} and ${german} is empty, shouts or leaves a blank at its edge`, () => {
    for (const message of [...Object.entries(en), ...Object.entries(de)].filter(([key]) => key !== '$schema')) {
      for (const text of textsOf(message[1])) expect(text, message[0]).toMatch(/^\S[^!]*\S$|^[^\s!]$/)
    }
  })
}

test('every refusal of the hub has a sentence of its own in every language', async () => {
  await language.also('refusals')
  const heard = new Set<string>()
  for (const one of languages) {
    await language.use(one)
    for (const key of sentences) {
      const failure: Failure = { code: 'invalid', key, params: { domain: 'example.org' } }
      const said = sentence(failure)
      expect(said, key).toMatch(/\p{Ll}/u)
      expect(said, key).not.toMatch(/[{}]|undefined|sentence_/)
      heard.add(`${one} ${said}`)
    }
  }
  expect(heard.size).toBe(sentences.length * languages.length)
})

test('a refusal says how long to wait, and what to tell an administrator', async () => {
  await language.use('en')
  expect(sentence({ code: 'rate_limited', key: 'auth.tooManyTries', retryAfterMs: 1_000 })).toContain('in 1 second.')
  expect(sentence({ code: 'rate_limited', key: 'rateLimited', retryAfterMs: 600_000 })).toContain('in 10 minutes.')
  expect(sentence({ code: 'internal', key: 'internal', ref: 'k7f2' })).toContain('“k7f2”')
  await language.use('de')
  expect(sentence({ code: 'rate_limited', key: 'rateLimited', retryAfterMs: 60_000 })).toContain('In 60 Sekunden')
})

test('a sentence that this page does not know yet is still a sentence', async () => {
  await language.use('en')
  expect(sentence({ code: 'conflict', key: 'meetings.notYet' as never })).toMatch(/^Something went wrong/)
})
