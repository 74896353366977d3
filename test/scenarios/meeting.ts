import type { Locator, Page } from 'playwright-core'
import { told, type Screen } from '../harness/browsers.ts'
import { framesSeen } from '../harness/watching.ts'

/** What people do in a meeting, found as a screen reader finds it: by role and name. */

export async function openDoor(page: Page, slug: string): Promise<void> {
  await page.goto(`/m/${slug}`)
  await page.getByLabel('Your picture', { exact: true }).waitFor()
}

/** In, as a member of the room: straight from the door. */
export async function comeIn(page: Page, slug: string): Promise<void> {
  await openDoor(page, slug)
  await page.getByRole('button', { name: /^(Join|Start the meeting)$/ }).click()
  await isInside(page)
}

/** As somebody from outside: knocks, and waits. */
export async function knock(page: Page, slug: string, name: string): Promise<void> {
  await openDoor(page, slug)
  await page.getByLabel('Your name').fill(name)
  await page.getByRole('button', { name: 'Ask to come in' }).click()
}

/** What hosts have under "More". */
export async function choose(page: Page, action: string): Promise<void> {
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: action, exact: true }).click()
}

export const isInside = (page: Page): Promise<void> => page.getByRole('button', { name: 'Leave the meeting' }).waitFor()
export const tileOf = (page: Page, name: string): Locator => page.locator('figure').filter({ has: page.getByText(name, { exact: true }) })

/** Their picture is there and moves. */
export async function sees(page: Page, name: string): Promise<void> {
  const moved = await framesSeen(page, `Picture of ${name}`, 20)
  if (moved < 10) throw new Error(`The picture of ${name} hardly moves: ${moved} of 20 frames differ.`)
}

/** Ada and Bob are in, and see each other. */
export async function bothInside(ada: Screen, bob: Screen, slug: string): Promise<void> {
  try {
    for (const { page } of [ada, bob]) await comeIn(page, slug)
    await Promise.all([sees(ada.page, 'Bob Crane'), sees(bob.page, 'Ada Stork')])
  } catch (error) {
    await told(error)
  }
}
