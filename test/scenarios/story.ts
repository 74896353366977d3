import type { Locator, Page } from 'playwright-core'

/** What people do in the web client, found as a screen reader finds it: by role and name. */

export const password = 'five quiet herons wade'

export async function setUp(page: Page, path: string, you: { name: string; address: string }): Promise<void> {
  await page.goto(path)
  await page.getByLabel('Name of your organisation').fill('Heron Works')
  await page.getByLabel('Domain').fill('heron.example')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Your name').fill(you.name)
  await page.getByLabel('Your address').fill(you.address)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Open the hub' }).click()
  await isInside(page)
}

/** Adds somebody on the page "People" and returns the path of the link that was shown. */
export async function invite(page: Page, who: { name: string; address: string }): Promise<string> {
  await page.goto('/people')
  await page.getByRole('button', { name: 'Add a person' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name', { exact: true }).fill(who.name)
  await dialog.getByLabel('Address', { exact: true }).fill(who.address)
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  const link = await dialog.getByLabel('Invitation link').inputValue()
  await dialog.getByRole('button', { name: 'Done' }).click()
  return new URL(link).pathname
}

export async function accept(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Come in' }).click()
  await isInside(page)
}

export async function writeTo(page: Page, name: string): Promise<void> {
  await page.goto('/people')
  await page
    .getByRole('main')
    .getByRole('button', { name: new RegExp(`${name} .*@`) })
    .click()
  await composer(page).waitFor()
}

export const button = (on: Page | Locator, name: string): Locator => on.getByRole('button', { name, exact: true })

/** Says who one is, on the page where one signs in. */
export async function show(page: Page, address: string, said = password): Promise<void> {
  if (!/\/sign-in\b/.test(page.url())) await page.goto('/sign-in')
  await page.getByLabel('Your address').fill(address)
  await page.getByRole('textbox', { name: 'Password' }).fill(said)
  await page.keyboard.press('Enter')
}
export const isInside = (page: Page): Promise<void> => page.getByRole('navigation', { name: 'Places' }).waitFor()
export const isShutOut = (page: Page): Promise<void> =>
  page.getByText('Your account is not open at the moment. Sign in to see why.').waitFor()

/** By the page's own link: a page that is still on its way to the first room lets nobody load another. */
export const toOwnPage = (page: Page): Promise<void> => page.getByRole('link', { name: /Profile and settings/ }).click()
export async function leave(page: Page): Promise<void> {
  await toOwnPage(page)
  await button(page, 'Sign out').click()
  await page.waitForURL('**/sign-in')
}

export const composer = (page: Page): Locator => page.getByRole('textbox', { name: /^Write to / })

export async function say(page: Page, text: string): Promise<void> {
  await composer(page).fill(text)
  await composer(page).press('Enter')
}

/** The words of every message on the screen, from top to bottom, those that still wait to be sent included. */
export async function said(page: Page): Promise<string[]> {
  const articles = await page.getByRole('log').getByRole('article').locator('.body').allInnerTexts()
  return articles.map(
    (text) =>
      linesOf(text)
        .filter((line) => line !== 'Sending')
        .at(-1) ?? '',
  )
}

/** Nothing on the screen waits to be sent. */
export async function isAllSent(page: Page): Promise<boolean> {
  const articles = await page.getByRole('log').getByRole('article').locator('.body').allInnerTexts()
  return articles.every((text) => !linesOf(text).includes('Sending'))
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** Survives for as long as the page is not loaded anew. */
export const markPage = (page: Page) => page.evaluate('globalThis.isSamePage = true')
export const isSamePage = (page: Page): Promise<boolean> => page.evaluate('globalThis.isSamePage === true')
