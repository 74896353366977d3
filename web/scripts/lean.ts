import { parseAst, type Plugin } from 'vite'

interface Piece {
  type: string
  start: number
  end: number
}
type Member = Piece & { key?: { name?: string } }

/** The code without the members of its objects and classes that are called so. */
function without(...names: string[]): (code: string) => string {
  const isUnwanted = ({ key }: Member) => key?.name !== undefined && names.includes(key.name)
  return (code) => {
    const cuts: [from: number, to: number][] = []
    const look = (piece: unknown): void => {
      if (typeof piece !== 'object' || piece === null) return
      const { type, properties, body } = piece as Piece & { properties?: Member[]; body?: Member[] }
      const members = type === 'ObjectExpression' ? properties : type === 'ClassBody' ? body : undefined
      for (const [n, member] of (members ?? []).entries())
        if (isUnwanted(member))
          cuts.push([member.start, members![n + 1]?.start ?? member.end + (/^\s*,/.exec(code.slice(member.end))?.[0].length ?? 0)])
      for (const part of Object.values(piece)) if (!(Array.isArray(members) && part === members)) look(part)
      for (const member of members ?? []) if (!isUnwanted(member)) look(member)
    }
    look(parseAst(code))
    if (cuts.length === 0)
      throw new Error(`Nothing is called ${names.join(' or ')} any more: what is left out of a library has to be named anew.`)
    return cuts.toSorted(([one], [other]) => other - one).reduce((text, [from, to]) => text.slice(0, from) + text.slice(to), code)
  }
}

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
  [/\/mediasoup-client\/lib\/Transport\.js$/, without('produceData', 'consumeData', 'handleDataProducer', 'handleDataConsumer')],
  [/\/mediasoup-client\/lib\/handlers\/(Chrome111|Firefox120|Safari12)\.js$/, without('sendDataChannel', 'receiveDataChannel')],
  // They have one codec for pictures, and it is another.
  [/\/h264-profile-level-id\/lib\/index\.js$/, 'export {}'],
  // Of the emitter of another platform it needs this much.
  [
    /\/events-alias\/events\.js$/,
    `exports.EventEmitter = class {
       #heard = new Map()
       #of = (name) => this.#heard.get(name) ?? []
       on(name, run) { this.#heard.set(name, [...this.#of(name), run]); return this }
       once(name, run) {
         const once = (...said) => { this.off(name, once); run.apply(this, said) }
         once.listener = run
         return this.on(name, once)
       }
       off(name, run) { this.#heard.set(name, this.#of(name).filter((one) => one !== run && one.listener !== run)); return this }
       removeAllListeners(name) { if (name === undefined) this.#heard.clear(); else this.#heard.delete(name); return this }
       emit(name, ...said) { const all = this.#of(name); for (const run of all) run.apply(this, said); return all.length > 0 }
       listenerCount(name) { return this.#of(name).length }
       setMaxListeners() { return this }
     }`,
  ],
  // It tells what it does to a console that nobody looks at.
  [
    /\/mediasoup-client\/lib\/(Transport|Producer|Consumer|ortc|handlers\/\w+)\.js$/,
    (code) => code.replaceAll(/^ +logger\.\w+\(.*\);$/gm, ''),
  ],
  // Documents are never made of markdown, nor markdown of them.
  [
    /\/@tiptap\/extension-(?!collaboration)[\w-]+\/dist\/index\.js$/,
    without('parseMarkdown', 'renderMarkdown', 'markdownTokenizer', 'markdownTokenName', 'markdownOptions'),
  ],
  [
    /\/lib0\/logging\.js$/,
    `export const print = () => {}
     export const warn = (...said) => console.warn(...said)
     export const [BOLD, UNBOLD, RED, ORANGE] = ['', '', '', '']`,
  ],
  [/\/debug\/src\/browser\.js$/, 'export default () => Object.assign(() => {}, { enabled: false })'],
]

export const lean: Plugin = {
  name: 'atrium-lean',
  apply: 'build',
  enforce: 'pre',
  applyToEnvironment: ({ name }) => name === 'client',
  transform(before, id) {
    const changes = instead.filter(([file]) => file.test(id))
    if (changes.length === 0) return undefined
    return { code: changes.reduce((text, [, code]) => (typeof code === 'string' ? code : code(text)), before), map: null }
  },
}
