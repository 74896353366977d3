import assert from 'node:assert/strict'
import { test } from 'vitest'
import { attributeKeys, catalogue, Values, type OwnValues } from '@atrium/protocol'
import { changed, decidedByCap, defaultValues, effective, inherited, isSameAs, type Layers } from './values.ts'

const layers = (of: Partial<Layers> = {}): Layers => ({ defaults: defaultValues(), caps: {}, ofClass: {}, own: {}, ...of })

test('[DIR-13] an account’s own value comes before its class’s, and that before the default', () => {
  assert.deepEqual(effective(layers()), defaultValues())
  const ofClass: OwnValues = { 'files.quota': 100, 'preferences.theme': 'dark' }
  const own: OwnValues = { 'files.quota': 200 }
  const held = effective(layers({ ofClass, own }))
  assert.deepEqual([held['files.quota'], held['preferences.theme'], held['preferences.density']], [200, 'dark', 'comfortable'])
  assert.equal(inherited(layers({ ofClass, own }))['files.quota'], 100)
  assert.equal(effective(layers({ defaults: defaultValues({ 'files.quota': 7 }) }))['files.quota'], 7)
})

test('[DIR-13] a cap combines as the catalogue says: the least, both, what both have, or not at all', () => {
  const least = (own: number | 'unlimited', cap: number | 'unlimited') =>
    effective(layers({ own: { 'files.quota': own }, caps: { 'files.quota': cap } }))['files.quota']
  assert.deepEqual([least(10, 5), least(5, 10), least('unlimited', 5), least(5, 'unlimited')], [5, 5, 5, 5])
  assert.equal(least('unlimited', 'unlimited'), 'unlimited')

  const both = (own: boolean, cap: boolean) =>
    effective(layers({ own: { 'features.chat': own }, caps: { 'features.chat': cap } }))['features.chat']
  assert.deepEqual([both(true, true), both(true, false), both(false, true)], [true, false, false])

  const fields = effective(layers({ own: { 'profile.ownFields': ['name', 'phones'] }, caps: { 'profile.ownFields': ['phones', 'title'] } }))
  assert.deepEqual(fields['profile.ownFields'], ['phones'])

  // What no domain caps is not capped by a row that says so.
  assert.equal(effective(layers({ caps: { 'password.minLength': 8 }, own: { 'password.minLength': 20 } }))['password.minLength'], 20)
})

test('what a cap decides is named, and nothing else', () => {
  const of = layers({ own: { 'files.quota': 10, 'files.maxUpload': 3 }, caps: { 'files.quota': 5, 'files.maxUpload': 4 } })
  assert.deepEqual(decidedByCap(of), ['files.quota'])
  assert.deepEqual(decidedByCap(layers()), [])
})

test('null inherits again, what is not said stays, and what is said again changes nothing', () => {
  const before: OwnValues = { 'files.quota': 5, 'preferences.theme': 'dark' }
  assert.deepEqual(changed(before, { 'files.quota': null }), { 'preferences.theme': 'dark' })
  assert.deepEqual(changed(before, {}), before)
  assert.ok(isSameAs(before, changed(before, { 'preferences.theme': 'dark' })))
  assert.ok(!isSameAs(before, changed(before, { 'preferences.theme': 'light' })))
})

test('every default is a value that its own description allows', () => {
  assert.deepEqual(Values.parse(defaultValues()), defaultValues())
  for (const key of attributeKeys) assert.ok(catalogue[key].group.length > 0, key)
})
