import { expect, test } from 'vitest'
import { roving } from './roving.ts'

function toolbar(...names: string[]) {
  const bar = document.createElement('div')
  const add = (name: string) => {
    const button = document.createElement('button')
    button.textContent = name
    bar.append(button)
  }
  names.forEach(add)
  document.body.replaceChildren(bar)
  const leave = roving(bar)
  const press = (key: string) => {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
    document.activeElement!.dispatchEvent(event)
    return document.activeElement!.textContent
  }
  const stops = () => [...bar.querySelectorAll('button')].filter((button) => button.tabIndex === 0).map((button) => button.textContent)
  return { bar, leave, press, stops }
}

test('one of the buttons is a stop of Tab: the first, then the one that had the focus', () => {
  const { bar, press, stops } = toolbar('one', 'two', 'three')
  expect(stops()).toEqual(['one'])
  bar.querySelector('button')!.focus()
  expect(press('ArrowRight')).toBe('two')
  expect(stops()).toEqual(['two'])
})

test('arrow keys go round, Home and End to the ends, and letters are left alone', () => {
  const { bar, press } = toolbar('one', 'two', 'three')
  bar.querySelector('button')!.focus()
  expect(press('ArrowLeft')).toBe('three')
  expect(press('ArrowRight')).toBe('one')
  expect(press('End')).toBe('three')
  expect(press('Home')).toBe('one')
  expect(press('r')).toBe('one')
})

test('afterwards its keys are the page’s again', () => {
  const { bar, leave, press } = toolbar('one', 'two')
  bar.querySelector('button')!.focus()
  leave()
  expect(press('ArrowRight')).toBe('one')
})
