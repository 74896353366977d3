import { randomUUID } from 'node:crypto'
import type { Browser, Page } from 'playwright-core'
import type { Draft, Hub, OperationName, Output, Reply } from '@atrium/protocol'
import { screen, type Screen } from '../harness/browsers.ts'
import type { Topology } from '../harness/topology.ts'
import { password } from './story.ts'

/** Each command is asked once, by a name of its own. */
export const once = () => ({ clientId: randomUUID() })

/** Somebody who is signed in over HTTP, as a program would be. */
export interface Somebody {
  name: string
  accountId: string
  cookie: { name: string; value: string }
  call<K extends OperationName<Hub>>(name: K, input: Draft<Hub, K>): Promise<Output<Hub, K>>
}

/** A hub that is set up, with its administrator and a colleague in it. */
export async function peopled(hub: Topology): Promise<{ ada: Somebody; bob: Somebody }> {
  const token = (await hub.setupPath()).split('/').at(-1)!
  const organisation = { organisation: 'Heron Works', domain: 'heron.example' }
  const ada = await enter(hub.url, 'Ada Stork', 'setup.finish', {
    token,
    ...organisation,
    name: 'Ada Stork',
    address: 'ada@heron.example',
    password,
  })
  return { ada, bob: await colleague(hub, ada, 'Bob Crane', 'bob@heron.example') }
}

/** Somebody else whom the administrator invites, and who comes. */
export async function colleague(hub: Topology, ada: Somebody, name: string, address: string): Promise<Somebody> {
  const draft = { ...once(), name, address, title: '', isAdministrator: false }
  const { invitation } = await ada.call('directory.person.add', draft)
  return invited(hub.url, name, invitation.path)
}

/** Comes by the link of an invitation. */
export const invited = (url: string, name: string, path: string): Promise<Somebody> =>
  enter(url, name, 'auth.invitation.accept', { token: path.split('/').at(-1)!, password })

/** A browser of somebody's, signed in already. `url`: where they open the hub, if not at its front. */
export async function screenOf(browser: Browser, who: Somebody, url: string): Promise<Screen> {
  const opened = await screen(browser, url)
  await sessionOf(opened.page, who, url)
  return opened
}

/** The browser's session is theirs from now on, whosever it was. */
export const sessionOf = (page: Page, who: Somebody, url: string): Promise<void> =>
  page.context().addCookies([{ ...who.cookie, url, httpOnly: true, sameSite: 'Lax' }])

async function enter(url: string, name: string, operation: 'setup.finish' | 'auth.invitation.accept', input: object): Promise<Somebody> {
  const reply = await post(url, operation, { ...once(), ...input })
  const [, cookieName = '', value = ''] = /^([^=]+)=([^;]+)/.exec(reply.headers.getSetCookie()[0] ?? '') ?? []
  const { accountId } = await dataOf<{ accountId: string }>(operation, reply)
  const cookie = { name: cookieName, value }
  return { name, accountId, cookie, call: async (what, asked) => dataOf(what, await post(url, what, asked, cookie)) }
}

const post = (url: string, operation: string, input: unknown, cookie?: Somebody['cookie']) =>
  fetch(`${url}/api/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url, ...(cookie && { cookie: `${cookie.name}=${cookie.value}` }) },
    body: JSON.stringify(input),
  })

async function dataOf<T>(operation: string, response: Response): Promise<T> {
  const reply = (await response.json()) as Reply<T>
  if (!reply.ok) throw new Error(`${operation}: ${JSON.stringify(reply.error)}`)
  return reply.data
}
