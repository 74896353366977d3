import { expect, test } from 'vitest'
import type { Failure, Reply } from '@atrium/protocol'
import { Loaded } from './loaded.svelte.ts'

function asked() {
  const questions: PromiseWithResolvers<Reply<string>>[] = []
  const loaded = new Loaded<string>(() => {
    const question = Promise.withResolvers<Reply<string>>()
    questions.push(question)
    return question.promise
  })
  const answer = async (at: number, reply: Reply<string>) => {
    questions[at]!.resolve(reply)
    await questions[at]!.promise
  }
  return { loaded, answer }
}
const ok = (data: string) => ({ ok: true, data }) as const
const refused = (code: Failure['code']) => ({ ok: false, error: { code, key: 'internal' } }) as const

test('an answer that was overtaken by a later question, or by a change, counts no more', async () => {
  const { loaded, answer } = asked()
  const all = [loaded.load(), loaded.load()]
  await answer(1, ok('newer'))
  await answer(0, ok('older'))
  await Promise.all(all)
  expect(loaded.value).toBe('newer')

  const late = loaded.load()
  loaded.take('changed')
  await answer(2, ok('from before'))
  await late
  expect(loaded.value).toBe('changed')
  // What the question on its way was asked for is asked again.
  await answer(3, ok('changed by two'))
  expect(loaded.value).toBe('changed by two')
})

test('what is shown outlives a failure, but not that it is somebody’s to see no more', async () => {
  const { loaded, answer } = asked()
  const ask = async (at: number, reply: Reply<string>) => {
    const load = loaded.load()
    await answer(at, reply)
    await load
    return [loaded.value, loaded.failure?.code]
  }
  expect(await ask(0, refused('internal'))).toEqual([undefined, 'internal'])
  expect(await ask(1, ok('there'))).toEqual(['there', undefined])
  expect(await ask(2, refused('internal'))).toEqual(['there', undefined])
  expect(await ask(3, refused('forbidden'))).toEqual(['there', 'forbidden'])
  expect(await ask(4, ok('there again'))).toEqual(['there again', undefined])
})
