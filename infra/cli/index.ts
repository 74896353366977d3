// `npm run atrium -- account list …`: the administrative operations of the contract, from the hub's own machine.
import { userInfo } from 'node:os'
import type { Config } from '@atrium/platform/config'
import type { ErrorCode, Failure, Reply } from '@atrium/protocol'
import { asJson, help, plain, printed } from './printing.ts'
import { offers, type Offer } from './offers.ts'
import { finding, inputOf, Missing, read, Unclear, type Said } from './saying.ts'
import { sentenceOf } from './sentences.ts'

export const nouns: readonly string[] = [...new Set(offers.map(({ noun }) => noun))]

/** For scripts. 1: something broke. */
const exitCodes: Partial<Record<ErrorCode, number>> = {
  invalid: 2,
  not_found: 3,
  forbidden: 4,
  conflict: 4,
  over_quota: 4,
  too_large: 4,
  unavailable: 5,
}
class Refused extends Error {
  readonly failure: Failure
  constructor(failure: Failure) {
    super(failure.key)
    this.failure = failure
  }
}
interface Around {
  config: (args: string[]) => Config
  origin: (config: Config) => string
  version: string
}

/** Resolves to the exit code. */
export async function administer([noun, verb, ...args]: string[], around: Around): Promise<number> {
  const offer = offers.find((one) => one.noun === noun && one.verb === verb)
  if (!offer) {
    console[verb === undefined || verb === '--help' ? 'log' : 'error'](help(noun))
    return verb === undefined || verb === '--help' ? 0 : 2
  }
  if (args.includes('--help')) {
    console.log(help(noun, offer))
    return 0
  }
  try {
    await perform(offer, args, around)
    return 0
  } catch (error) {
    return explain(error, offer)
  }
}

async function perform(offer: Offer, args: string[], { config: configFrom, origin, version }: Around): Promise<void> {
  const said = read(offer, args)
  const config = configFrom(dataOf(args))
  const [{ withDatabase }, { openConsole }] = await Promise.all([import('../backup/database.ts'), import('../../server/src/console.ts')])
  await withDatabase(config, 'existing', async ({ db }) => {
    const here = await openConsole({ config, db, version, origin: origin(config), user: whoIsHere() })
    try {
      const ask = async (name: string, input: unknown): Promise<any> => dataIn(await here.ask(name, input))
      const data = await answered(offer, said, ask, here.accountAt)
      console.log(said.isJson ? asJson(data) : printed(data, (path) => new URL(path, origin(config)).href))
      if (offer.operation === 'accounts.import' && (data as ImportAnswer).rows.some(({ state }) => state === 'refused'))
        process.exitCode = 4
    } finally {
      await here.close()
    }
  })
}
/** Who asks for it on this machine: before they became root, if they say so. */
function whoIsHere(): string {
  try {
    return process.env['SUDO_USER'] ?? userInfo().username
  } catch {
    return `user ${process.getuid?.() ?? ''}`.trim()
  }
}
const dataOf = (args: string[]): string[] => {
  const at = args.findIndex((word) => word === '--data' || word.startsWith('--data='))
  return at < 0 ? [] : args.slice(at, args[at]!.includes('=') ? at + 1 : at + 2)
}
function dataIn(reply: Reply<unknown>): unknown {
  if (!reply.ok) throw new Refused(reply.error)
  return reply.data
}

interface ImportAnswer {
  rows: { state: string }[]
}
type Ask = (name: string, input: unknown) => Promise<any>

async function answered(offer: Offer, said: Said, ask: Ask, accountAt: (address: string) => Promise<string | undefined>): Promise<unknown> {
  const input = await inputOf(offer, said, finding(ask, accountAt))
  if (offer.operation === 'accounts.import') return imported(input, ask)
  return said.isAll && offer.pagedBy ? allPages(offer, input, ask) : ask(offer.operation, input)
}

/** The contract takes 500 rows at once. */
async function imported(input: Record<string, unknown>, ask: Ask): Promise<ImportAnswer> {
  const rows = input['rows'] as unknown[]
  const all: ImportAnswer = { rows: [] }
  for (let at = 0; at < rows.length; at += 500) {
    const part = { ...input, clientId: crypto.randomUUID(), rows: rows.slice(at, at + 500) }
    all.rows.push(...(await ask('accounts.import', part)).rows)
  }
  return all
}

async function allPages({ operation, pagedBy }: Offer, input: Record<string, unknown>, ask: Ask): Promise<unknown> {
  let all: Record<string, unknown> | undefined
  for (let from: unknown; ;) {
    const page = await ask(operation, { limit: 200, ...input, ...(from !== undefined && { [pagedBy!]: from }) })
    const list = Object.keys(page).find((name) => Array.isArray(page[name]))!
    all = { ...page, [list]: [...((all?.[list] as unknown[]) ?? []), ...page[list]] }
    from = pagedBy === 'after' ? page.next : page.hasMore ? page[list].at(-1)?.seq : null
    if (from === null || from === undefined) return all
  }
}

function explain(error: unknown, offer: Offer): number {
  if (error instanceof Refused) {
    console.error(plain(sentenceOf(error.failure, offer)))
    return exitCodes[error.failure.code] ?? 1
  }
  if (error instanceof Missing) {
    console.error(error.message)
    return 3
  }
  if (error instanceof Unclear) {
    console.error(`${error.message}\n\n${help(offer.noun, offer)}`)
    return 2
  }
  throw error
}
