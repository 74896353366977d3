import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { until } from '@atrium/platform/testing'
import { freePort, program } from '@atrium/infra/servers'
import { firefoxProgram } from './browsers.ts'

/** One page of Debian's Firefox, driven by WebDriver BiDi: enough for a smoke test by role and name. */
export interface FirefoxPage {
  goto(url: string): Promise<void>
  /** Types into what a person would call so. */
  fill(role: string, name: string, text: string): Promise<void>
  click(role: string, name: string): Promise<void>
  press(key: 'Enter'): Promise<void>
  sees(text: string): Promise<void>
  close(): Promise<void>
}

const keys = { Enter: '\uE007' }

export async function openFirefox(): Promise<FirefoxPage> {
  const command = firefoxProgram()
  if (!command) throw new Error('needs firefox-esr')
  const profile = await mkdtemp(join(tmpdir(), 'atrium-firefox-'))
  const quiet = {
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'app.update.enabled': false,
    'network.captive-portal-service.enabled': false,
    'intl.locale.requested': 'en-GB',
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
    else call?.resolve(reply.result)
  })
  const send = (method: string, params: object): Promise<any> =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject })
      socket.send(JSON.stringify({ id: last, method, params }))
    })

  await send('session.new', { capabilities: {} })
  const { contexts } = await send('browsingContext.getTree', {})
  const context: string = contexts[0].context

  const find = (role: string, name: string): Promise<{ sharedId: string }> =>
    until(
      `Firefox shows the ${role} “${name}”`,
      async () =>
        (
          await send('browsingContext.locateNodes', { context, locator: { type: 'accessibility', value: { role, name } } }).catch(() => ({
            nodes: [],
          }))
        ).nodes[0],
      15_000,
    )
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
  const click = async (role: string, name: string) => {
    const { sharedId } = await find(role, name)
    const script = {
      functionDeclaration: 'element => { element.scrollIntoView({ block: "center" }); element.focus(); element.click() }',
      arguments: [{ sharedId }],
    }
    await send('script.callFunction', { target: { context }, awaitPromise: false, userActivation: true, ...script })
  }

  return {
    goto: async (url) => void (await send('browsingContext.navigate', { context, url, wait: 'complete' })),
    click,
    async fill(role, name, text) {
      await click(role, name)
      await type(text)
    },
    press: async (key) => void (await type(keys[key])),
    async sees(text) {
      const look = { expression: `document.body.innerText.includes(${JSON.stringify(text)})`, target: { context }, awaitPromise: false }
      await until(`Firefox shows “${text}”`, async () => (await send('script.evaluate', look)).result?.value === true, 15_000)
    },
    async close() {
      socket.close()
      await browser.stop()
      await rm(profile, { recursive: true, force: true })
    },
  }
}
