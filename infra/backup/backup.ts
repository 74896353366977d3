import { createHash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Transform, type Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Blobs } from '@atrium/platform/blobs/index'
import type { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { pack, type Pack } from 'tar-stream'
import { columnList, migrationsOf, sequencesOf, tablesOf, type Manifest, type Outline } from './schema.ts'

/** Rows of a table come in parts of this size: a tar says how long an entry is before it begins. */
const partBytes = 4 << 20

export interface BackupOptions {
  client: Client
  blobs: Blobs
  file: string
  version: string
  now: () => Date
  /** A backup that lies there already is replaced. */
  isForced?: boolean
}

/**
 * Everything a hub keeps, in one tar, while it runs: rows as they were at one moment, then the blobs. The file appears when
 * it is whole.
 */
export async function backup({ client, blobs, file, version, now, isForced = false }: BackupOptions): Promise<Manifest> {
  if (!isForced && existsSync(file)) throw new Error(`${file} is there already. Give another name, or --force to replace it.`)
  const beside = `${file}.part`
  const tar = pack()
  // What lies there is of a backup that broke off, or a trap: a link, or a file that somebody else may read.
  await rm(beside, { force: true })
  const written = pipeline(tar, createWriteStream(beside, { mode: 0o600, flags: 'wx' }))
  const manifest: Manifest = { entries: [], rows: 0, blobs: 0 }
  try {
    await Promise.race([fill(), written.then(() => Promise.reject(new Error('the file ended early')))])
    tar.finalize()
    await written
    await rename(beside, file)
    return manifest
  } catch (error) {
    tar.destroy(error as Error)
    await written.catch(() => {})
    await rm(beside, { force: true })
    throw error
  }

  async function fill() {
    await client.query('begin isolation level repeatable read read only')
    const outline: Outline = {
      format: 1,
      version,
      takenAt: now().toISOString(),
      migrations: await migrationsOf(client),
      tables: await tablesOf(client),
      sequences: await sequencesOf(client),
    }
    await entry(tar, 'outline.json', Buffer.from(JSON.stringify(outline, null, 2)))
    for (const { name, columns } of outline.tables) {
      const rows = client.query(copyTo(`copy (select ${columnList(client, columns)} from ${client.escapeIdentifier(name)}) to stdout`))
      let part = 0
      for await (const bytes of parts(rows)) keep(await entry(tar, `rows/${name}/${String(part++).padStart(6, '0')}`, bytes))
      manifest.rows += rows.rowCount
    }
    await client.query('commit')

    for await (const { key } of blobs.list()) {
      const found = await blobs.stat(key)
      if (!found) continue // deleted since: nobody asks for it any more
      keep(await streamed(tar, `blobs/${key}`, found.bytes, await blobs.get(key)))
      manifest.blobs++
    }
    await entry(tar, 'manifest.json', Buffer.from(JSON.stringify(manifest, null, 2)))
  }

  function keep(one: Manifest['entries'][number]) {
    manifest.entries.push(one)
  }
}

async function* parts(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = []
  let bytes = 0
  for await (const chunk of source) {
    gathered.push(chunk)
    bytes += chunk.length
    if (bytes < partBytes) continue
    yield Buffer.concat(gathered)
    gathered = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(gathered)
}

async function entry(tar: Pack, name: string, content: Buffer) {
  await new Promise<void>((resolve, reject) =>
    tar.entry({ name, size: content.length }, content, (error) => (error ? reject(error) : resolve())),
  )
  return { name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

async function streamed(tar: Pack, name: string, bytes: number, content: Readable) {
  const hash = createHash('sha256')
  const hashed = new Transform({ transform: (chunk, _encoding, done) => (hash.update(chunk), done(null, chunk)) })
  await pipeline(content, hashed, tar.entry({ name, size: bytes }) as unknown as Writable)
  return { name, bytes, sha256: hash.digest('hex') }
}
