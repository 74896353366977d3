import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Readable, type Writable } from 'node:stream'
import type { Blobs } from '@atrium/platform/blobs/index'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { extract } from 'tar-stream'
import { columnList, foreignKeysOf, tablesOf, triggersOf, type Manifest, type Outline } from './schema.ts'

export interface RestoreOptions {
  client: Client
  blobs: Blobs
  file: string
  /** Makes the tables as these migrations leave them. */
  migrateTo: (migrations: string[]) => Promise<void>
}

/**
 * Brings a backup back, into an empty database and an empty store. The file is read twice: nothing is touched before every
 * hash in it was right. The database begins a new epoch, so that pages which knew the old one load afresh.
 */
export async function restore({ client, blobs, file, migrateTo }: RestoreOptions): Promise<Manifest> {
  await refuseUnlessEmpty(client, blobs)
  const { outline, manifest } = await verified(file)
  const columnsOf = new Map(outline.tables.map(({ name, columns }) => [name, columnList(client, columns)]))
  await migrateTo(outline.migrations)
  const here = new Set((await tablesOf(client)).map(({ name }) => name))
  const stranger = outline.tables.find(({ name }) => !here.has(name))
  if (stranger) throw new Error(`${file} holds rows of ${stranger.name}, which this Atrium does not know.`)

  const kept: string[] = []
  try {
    await client.query('begin')
    const foreignKeys = await foreignKeysOf(client)
    for (const { table, name } of foreignKeys) await client.query(`alter table ${table} drop constraint ${name}`)
    const triggers = await triggersOf(client)
    for (const { table, name } of triggers) await client.query(`alter table ${table} disable trigger ${name}`)
    // Migrations write a few rows of their own. Those of the backup are the ones that count.
    await client.query(`truncate ${outline.tables.map(({ name }) => client.escapeIdentifier(name)).join(', ')}`)
    await eachEntry(file, async (name, content) => {
      const [kind, key = ''] = name.split('/')
      if (kind === 'rows')
        await pipeline(content, client.query(copyFrom(`copy ${client.escapeIdentifier(key)} (${columnsOf.get(key)}) from stdin`)))
      else if (kind === 'blobs') {
        await blobs.put(key, content)
        kept.push(key)
      } else content.resume()
    })
    for (const { table, name, definition } of foreignKeys) await client.query(`alter table ${table} add constraint ${name} ${definition}`)
    for (const { table, name, turnOn } of triggers) await client.query(`alter table ${table} ${turnOn} trigger ${name}`)
    for (const { name, value } of outline.sequences)
      await client.query('select setval($1::regclass, $2::bigint)', [client.escapeIdentifier(name), value])
    await client.query('commit')
    return manifest
  } catch (error) {
    await client.query('rollback').catch(() => {})
    for (const key of kept) await blobs.delete(key)
    throw error
  }
}

/** Reads all of it and compares the hashes. */
async function verified(file: string): Promise<{ outline: Outline; manifest: Manifest }> {
  let outline: Outline | undefined
  let manifest: Manifest | undefined
  const seen = new Map<string, string>()
  await eachEntry(file, async (name, content) => {
    if (name === 'outline.json') outline = JSON.parse(await textOf(content))
    else if (name === 'manifest.json') manifest = JSON.parse(await textOf(content))
    else {
      const hash = createHash('sha256')
      for await (const chunk of content) hash.update(chunk)
      seen.set(name, hash.digest('hex'))
    }
  }).catch((error) => {
    throw new Error(`${file} cannot be read as a backup: ${error.message}`)
  })
  if (!outline || !manifest) throw new Error(`${file} is no whole backup: it ends before its list of hashes.`)
  if (outline.format !== 1) throw new Error(`${file} has format ${outline.format}: a newer Atrium made it.`)
  for (const { name, sha256 } of manifest.entries)
    if (seen.get(name) !== sha256) throw new Error(`The backup is damaged: ${name} is not what was written.`)
  if (manifest.entries.length !== seen.size)
    throw new Error(`The backup is damaged: it holds ${seen.size} parts instead of ${manifest.entries.length}.`)
  return { outline, manifest }
}

async function eachEntry(file: string, use: (name: string, content: Readable) => Promise<void>): Promise<void> {
  const tar = extract()
  const read = pipeline(createReadStream(file), tar as unknown as Writable)
  // Whoever waits for the next entry hears of an error there; without this it would be thrown a second time.
  read.catch(() => {})
  for await (const entry of tar) await use(entry.header.name, Readable.from(entry))
  await read
}

async function refuseUnlessEmpty(client: Client, blobs: Blobs) {
  const { rows } = await client.query(
    `select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') limit 1`,
  )
  if (rows.length > 0)
    throw new Error('This database is not empty. A backup is restored into an empty one: name another with --data or DATABASE_URL.')
  for await (const { key } of blobs.list())
    throw new Error(`The store of files is not empty: it holds ${key}. A backup is restored into an empty one.`)
}

async function textOf(entry: Readable): Promise<string> {
  return Buffer.concat(await entry.toArray()).toString('utf8')
}
