import type { Client } from 'pg'

/** What a backup says of itself before its rows come. */
export interface Outline {
  format: 1
  version: string
  takenAt: string
  /** The migrations that had run: rows fit only into tables that the same ones made. */
  migrations: string[]
  tables: { name: string; columns: string[] }[]
  sequences: { name: string; value: string }[]
}

/** What it says afterwards: each entry with its hash. */
export interface Manifest {
  entries: { name: string; bytes: number; sha256: string }[]
  rows: number
  blobs: number
}

/** Made anew by whoever restores: which life of the database this is, and which migrations have run. */
const notKept = ['epoch', 'migration']

/** The tables that are worth keeping, with the columns that can be written. Unlogged ones would not survive a crash either. */
export async function tablesOf(client: Client): Promise<Outline['tables']> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
       and c.relname <> all($1)
     group by c.relname order by c.relname`,
    [notKept],
  )
  return rows
}

export async function sequencesOf(client: Client): Promise<Outline['sequences']> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select sequencename as name, last_value::text as value from pg_sequences where schemaname = 'public' and last_value is not null order by 1`,
  )
  return rows
}

export async function migrationsOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('select name from migration order by name')
  return rows.map(({ name }) => name)
}

export interface ForeignKey {
  table: string
  name: string
  definition: string
}

/** Rows come table by table, so that what they point at may come later: the keys are taken off meanwhile. */
export async function foreignKeysOf(client: Client): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and conparentid = 0 and connamespace = 'public'::regnamespace`,
  )
  return rows
}

/** Triggers guard what people do and derive what they leave out; rows that come back are as they were. */
export async function triggersOf(client: Client): Promise<{ table: string; name: string; turnOn: string }[]> {
  const { rows } = await client.query<{ table: string; name: string; turnOn: string }>(
    `select tgrelid::regclass::text as table, quote_ident(tgname) as name,
       case tgenabled when 'A' then 'enable always' when 'R' then 'enable replica' else 'enable' end as "turnOn"
     from pg_trigger join pg_class on pg_class.oid = tgrelid
     where not tgisinternal and tgparentid = 0 and tgenabled <> 'D' and relnamespace = 'public'::regnamespace`,
  )
  return rows
}

export const columnList = (client: Client, columns: string[]): string => columns.map((name) => client.escapeIdentifier(name)).join(', ')
