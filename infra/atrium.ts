// `npm run atrium -- …`: what is done to a hub from its own machine, also while it runs.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { configFrom, describeSettings, renderSettings, ConfigError, type Config } from '@atrium/platform/config'

const usage = `npm run atrium -- admin-link [address]    a link that lets an administrator in and choose a password
npm run atrium -- backup <file>           everything the hub keeps, in one file, while it runs
npm run atrium -- restore <file>          brings a backup back, into an empty data folder or database
npm run atrium -- doctor                  looks at ports, addresses, media, database, files and mail, and says what to do
npm run atrium -- worker [install]        brings what carries sound and pictures; install: also the tools that building it takes
npm run atrium -- recording               brings what recording and streaming need, 185 MB; a hub that runs has it at once
npm run atrium -- config                  every setting, what it is and what it means

npm run atrium -- account|domain|cos|list|resource|grant|provider|audit
                                          what administrators do: each of these words alone says with which verbs; --json for scripts

A backup replaces a file that is there only with --force.
With --data <folder> another data folder than data/ is meant; DATABASE_URL and S3_URL count as they do for the hub.`

/** Something to tell the person at the keyboard; a stack would not help. */
class Sorry extends Error {}

/** Where people open the hub: as it is set, else as the hub noted when it began to serve. */
function addressOf({ origin, dataDir, port }: Config): string {
  const noted = join(dataDir, 'address')
  return origin ?? (existsSync(noted) ? readFileSync(noted, 'utf8') : `http://localhost:${port}`)
}

const commands: Record<string, (config: Config, operands: string[]) => Promise<void>> = {
  async config() {
    console.log(renderSettings(describeSettings(process.env, flags)))
  },

  async 'admin-link'(config, [address]) {
    const { withDatabase } = await import('./backup/database.ts')
    const { adminLink } = await import('../server/src/auth/console.ts')
    await withDatabase(config, 'existing', async ({ db }) => {
      const { person, path, expiresAt } = await adminLink({ db, now: () => new Date() }, address)
      console.log(`This link lets ${person.name} <${person.address}> in, once, until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC:`)
      console.log(new URL(path, addressOf(config)).href)
    })
  },

  async backup(config, operands) {
    const file = theFile(operands)
    const [{ withDatabase }, { backup }, { openBlobs }] = await Promise.all([
      import('./backup/database.ts'),
      import('./backup/backup.ts'),
      import('@atrium/platform/house'),
    ])
    const blobs = await openBlobs(config)
    try {
      await withDatabase(config, 'existing', async ({ client }) => {
        const { rows, blobs: files } = await backup({ client, blobs, file, version: version(), now: () => new Date(), isForced })
        console.log(`${file} holds ${rows} rows and ${files} files. Keep it as safe as the hub: it holds everything that people wrote.`)
      })
    } finally {
      await blobs.close()
    }
  },

  async restore(config, operands) {
    const file = theFile(operands)
    const [{ withDatabase, migrateTo }, { restore }, { openBlobs }] = await Promise.all([
      import('./backup/database.ts'),
      import('./backup/restore.ts'),
      import('@atrium/platform/house'),
    ])
    const blobs = await openBlobs(config)
    try {
      await withDatabase(config, 'new', async ({ client, db }) => {
        const { rows, blobs: files } = await restore({ client, blobs, file, migrateTo: (names) => migrateTo(db, names) })
        console.log(`${rows} rows and ${files} files are back. Start the hub: pages that knew the old one load afresh.`)
      })
    } finally {
      await blobs.close()
    }
  },

  async doctor(config) {
    const { doctor } = await import('./doctor/index.ts')
    if (!(await doctor(config, console.log))) process.exitCode = 1
  },

  async worker({ cacheDir }, [manner]) {
    const [{ prepareWorker, installPackages }, { theCommand }, { openOutgoing }] = await Promise.all([
      import('./worker/prepare.ts'),
      import('@atrium/sfu/program.build'),
      import('@atrium/platform/outgoing'),
    ])
    const prepared = await prepareWorker({
      cacheDir,
      outgoing: openOutgoing(),
      say: console.log,
      ...(manner === 'install' && { install: installPackages }),
    })
    if ('missing' in prepared)
      throw new Sorry(
        `To build the media worker these Debian packages are missing: ${prepared.missing.join(' ')}. Install them and start again, or let this do it: npm run atrium -- worker install\nAn administrator would run: ${theCommand(prepared.missing)}`,
      )
    console.log(`The media worker is there: ${prepared.file}`)
  },

  async recording({ cacheDir }) {
    const { install } = await import('@atrium/sfu/egress/install')
    console.log(`Meetings can be recorded and streamed, with what lies in ${await install(cacheDir)}`)
  },
}

const [name = '', ...rest] = process.argv.slice(2)
const at = rest.findIndex((word) => word.startsWith('--'))
const isForced = rest.includes('--force')
const flags = at < 0 ? [] : rest.slice(at).filter((word) => word !== '--force')
const operands = at < 0 ? rest : rest.slice(0, at)
try {
  const command = commands[name]
  if (command) await command(configFrom(process.env, flags), operands)
  else process.exitCode = await administration(process.argv.slice(2))
} catch (error) {
  const isForPeople = error instanceof Sorry || error instanceof ConfigError || (error instanceof Error && error.constructor === Error)
  console.error(isForPeople ? (error as Error).message : error)
  process.exitCode = 1
}

/** The words of the contract are looked up last: they take a moment to load. */
async function administration(words: string[]): Promise<number> {
  const { administer, nouns } = await import('./cli/index.ts')
  if (!nouns.includes(name)) throw new Sorry(usage)
  return administer(words, { config: (args) => configFrom(process.env, args), origin: addressOf, version: version() })
}

function theFile([file]: string[]): string {
  if (!file) throw new Sorry(usage)
  return resolve(file)
}

function version(): string {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')).version
}
