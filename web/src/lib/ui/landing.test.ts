import { beforeEach, expect, test } from 'vitest'
import { land, landAnew } from './landing.ts'

const there = () => document.activeElement?.id
beforeEach(() => {
  document.body.innerHTML = `<a href="/" id="place">Home</a><main id="content" tabindex="-1"><h1 id="heading">People</h1></main>`
})
const withField = () => document.querySelector('main')!.insertAdjacentHTML('beforeend', '<textarea id="field" data-landing></textarea>')

test('the focus that went nowhere lands on the heading, or in the field where work goes on', () => {
  land()
  expect(there()).toBe('heading')
  document.querySelector<HTMLElement>('#heading')!.blur()
  withField()
  land()
  expect(there()).toBe(matchMedia('(pointer: fine)').matches ? 'field' : 'heading')
})

test('who is somewhere stays there, unless they chose to go elsewhere', () => {
  const place = document.querySelector<HTMLElement>('#place')!
  place.focus()
  land()
  expect(there()).toBe('place')
  landAnew()
  expect(there()).toBe('heading')
})

test('an open dialog keeps the focus', () => {
  document.body.insertAdjacentHTML('beforeend', '<dialog open><input id="asked" /></dialog>')
  document.querySelector<HTMLElement>('#asked')!.focus()
  landAnew()
  expect(there()).toBe('asked')
})
