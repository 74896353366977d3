import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { freePort, program } from '@atrium/infra/servers'
import { firefoxProgram, until } from './browsers.ts'

/** One page of Debian's Firefox, driven by WebDriver BiDi: enough for a smoke test by role and name. */
export interface FirefoxPage {
  goto(url: string): Promise<void>
  /** Types into what a person would call so. */
  fill(role: Role, name: string, text: string): Promise<void>
  click(role: Role, name: string): Promise<void>
  /** Clicks where these words stand. */
  clickText(text: string): Promise<void>
  press(key: 'Enter'): Promise<void>
  sees(text: string): Promise<void>
  /** Something to click on or to write in. */
  has(role: Role, name: string): Promise<void>
  evaluate<T>(expression: string): Promise<T>
  close(): Promise<void>
}

const selectors = {
  button: 'button, [role=button]',
  textbox: 'input:not([type=password]), textarea, [role=textbox]',
  // It has no role of its own.
  password: 'input[type=password]',
}
type Role = keyof typeof selectors

/**
 * The first that is shown and called so. It travels to the page as text, so it uses nothing from outside. Firefox could be asked by
 * role and name, but then its accessibility engine runs, and each look takes up to seconds.
 */
function calledSo(selector: string, name: string): Element | undefined {
  return [...document.querySelectorAll<HTMLInputElement>(selector)].find((element) => {
    const label = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent
    const own = label ?? (element.matches('button, [role=button]') ? element.textContent : '')
    return element.checkVisibility() && own?.replace(/\s+/g, ' ').trim() === name
  })
}

const keys = { Enter: '\uE007' }

/** A camera and a microphone that nobody has to plug in or to allow, and a network that ends at this machine. */
export const fakeDevices = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
}

export async function openFirefox(preferences: Record<string, string | number | boolean> = {}): Promise<FirefoxPage> {
  const command = firefoxProgram()
  if (!command) throw new Error('needs firefox-esr')
  const profile = await mkdtemp(join(tmpdir(), 'atrium-firefox-'))
  const quiet = {
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'app.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'intl.locale.requested': 'en-GB',
    ...preferences,
  }
  await writeFile(
    join(profile, 'user.js'),
    Object.entries(quiet)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(''),
  )
  const port = await freePort()
  const browser = await program(
    'Firefox',
    command,
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', `${port}`],
    {
      env: { HOME: profile, MOZ_DISABLE_CONTENT_SANDBOX: '1' },
      isReady: (me) => me.output().includes('WebDriver BiDi listening'),
    },
  )
  const socket = new WebSocket(`ws://127.0.0.1:${port}/session`)
  await once(socket, 'open')

  const waiting = new Map<number, { resolve: (result: any) => void; reject: (error: Error) => void }>()
  let last = 0
  socket.on('message', (text) => {
    const reply = JSON.parse(`${text}`)
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.type === 'error') call?.reject(new Error(`Firefox: ${reply.error}: ${reply.message}`))
    else if (reply.result?.exceptionDetails) call?.reject(new Error(`Firefox: ${reply.result.exceptionDetails.text}`))
    else call?.resolve(reply.result)
  })
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox is gone.'))
  })
  const send = (method: string, params: object): Promise<any> =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      socket.send(JSON.stringify({ id: last, method, params }))
    })

  await send('session.new', { capabilities: {} })
  const { contexts } = await send('browsingContext.getTree', {})
  const context: string = contexts[0].context

  const evaluate = async (expression: string) =>
    (await send('script.evaluate', { expression, target: { context }, awaitPromise: true })).result?.value
  /** A page that is about to be another one answers nothing for a moment. */
  async function seen<T>(what: string, look: () => Promise<T>): Promise<NonNullable<T>> {
    let last: unknown
    const looked = () => look().catch((error: unknown) => void (last = error))
    try {
      return (await until(`Firefox shows ${what}`, looked)) as NonNullable<T>
    } catch (error) {
      throw new Error(`${(error as Error).message}. It shows:\n${await evaluate('document.body.innerText')}`, { cause: last })
    }
  }
  const find = (role: Role, name: string): Promise<{ sharedId: string }> =>
    seen(`the ${role} “${name}”`, async () => {
      const script = {
        functionDeclaration: `${calledSo}`,
        arguments: [selectors[role], name].map((value) => ({ type: 'string', value })),
      }
      const { result } = await send('script.callFunction', { target: { context }, awaitPromise: false, ...script })
      return result?.sharedId && result
    })
  const type = (text: string) =>
    send('input.performActions', {
      context,
      actions: [
        {
          type: 'key',
          id: 'keyboard',
          actions: [...text].flatMap((value) => [
            { type: 'keyDown', value },
            { type: 'keyUp', value },
          ]),
        },
      ],
    })
  const click = async (role: Role, name: string) => {
    const { sharedId } = await find(role, name)
    const script = {
      functionDeclaration: 'element => { element.scrollIntoView({ block: "center" }); element.focus(); element.click() }',
      arguments: [{ sharedId }],
    }
    await send('script.callFunction', { target: { context }, awaitPromise: false, userActivation: true, ...script })
  }

  return {
    goto: async (url) => void (await send('browsingContext.navigate', { context, url, wait: 'complete' })),
    has: async (role, name) => void (await find(role, name)),
    evaluate,
    click,
    async clickText(text) {
      const innermost = `[...document.querySelectorAll('main *')].findLast((element) => element.textContent.trim() === ${JSON.stringify(text)})`
      const script = {
        expression: `(${innermost})?.click() ?? ${innermost} !== undefined`,
        target: { context },
        awaitPromise: false,
        userActivation: true,
      }
      await seen(`“${text}” to click on`, async () => (await send('script.evaluate', script)).result?.value === true)
    },
    async fill(role, name, text) {
      await click(role, name)
      await type(text)
    },
    press: async (key) => void (await type(keys[key])),
    sees: async (text) => void (await seen(`“${text}”`, async () => (await evaluate('document.body.innerText'))?.includes(text))),
    async close() {
      socket.close()
      await browser.stop()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
