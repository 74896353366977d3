import type { Plugin } from 'vite'

/** Parts of libraries that no page of ours reaches, and what stands in their place. */
const instead: [file: RegExp, code: string | ((code: string) => string)][] = [
  // Our connection is a WebSocket and nothing else: long polling and the rest need not travel to anybody.
  [
    /\/engine\.io-client\/build\/esm(-debug)?\/transports\/index\.js$/,
    `import { WS } from './websocket.js'\nexport const transports = { websocket: WS }`,
  ],
  [/\/engine\.io-client\/build\/esm(-debug)?\/transports\/polling-fetch\.js$/, 'export class Fetch {}'],
  [/\/engine\.io-client\/build\/esm(-debug)?\/transports\/polling-xhr(\.node)?\.js$/, 'export class XHR {}'],
  [/\/engine\.io-client\/build\/esm(-debug)?\/transports\/webtransport\.js$/, 'export class WT {}'],
  // The framework sends data of a server of its own with this, and there is none; what it keeps in the history is plain.
  [
    /\/devalue\/index\.js$/,
    `export const stringify = (value) => JSON.stringify(value)
     export const parse = (text) => JSON.parse(text)
     const none = () => { throw new Error('no data of a server is read here') }
     export { none as uneval, none as unflatten, none as stringifyAsync }
     export class DevalueError extends Error {}`,
  ],
  // The language is our own piece of state: of the messages' many ways to find it out none is used.
  [
    /\/i18n\/paraglide\/runtime\.js$/,
    `export const locales = ['en', 'de']
     let ask = () => 'en'
     export const getLocale = () => ask()
     export const overwriteGetLocale = (other) => { ask = other }`,
  ],
  // Of the library for meetings only the half for the reader's own browser is fetched, and we choose it (`lib/media/device.ts`).
  [
    /\/mediasoup-client\/lib\/Device\.js$/,
    (code) =>
      code
        .replaceAll(/^const (\w+) = require\("\.\/handlers\/\w+"\);$/gm, 'const $1 = {};')
        .replace(/^function detectDeviceImpl[^]*$/m, 'function detectDeviceImpl() {}'),
  ],
  [/\/mediasoup-client\/lib\/index\.js$/, `export { Device } from './Device.js'`],
  // Our meetings carry sound and pictures; data goes over the connection to the hub.
  [/\/mediasoup-client\/lib\/DataProducer\.js$/, 'exports.DataProducer = class {}'],
  [/\/mediasoup-client\/lib\/DataConsumer\.js$/, 'exports.DataConsumer = class {}'],
  // It tells what it does to a console that nobody looks at.
  [
    /\/mediasoup-client\/lib\/(Transport|Producer|Consumer|ortc|handlers\/\w+)\.js$/,
    (code) => code.replaceAll(/^ +logger\.\w+\(.*\);$/gm, ''),
  ],
  [/\/debug\/src\/browser\.js$/, 'export default () => Object.assign(() => {}, { enabled: false })'],
]

export const lean: Plugin = {
  name: 'atrium-lean',
  apply: 'build',
  enforce: 'pre',
  applyToEnvironment: ({ name }) => name === 'client',
  transform(before, id) {
    const [, code] = instead.find(([file]) => file.test(id)) ?? []
    if (code === undefined) return undefined
    return { code: typeof code === 'string' ? code : code(before), map: null }
  },
}
