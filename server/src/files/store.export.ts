import { sql } from 'kysely'
import { reading, type Db } from './store.ts'

const page = 500

interface Owned {
  id: string
  blobKey: string | null
}

/** All that lies in somebody's own space, the trash included, with the newest content of each; and what they brought into rooms, by name. */
export async function* ownFiles(db: Db, accountId: string): AsyncGenerator<Owned> {
  let last = '00000000-0000-0000-0000-000000000000'
  for (let isMore = true; isMore;) {
    const { rows } = await sql<Owned>`
      select f.id, f.kind, f.parent_id, f.space, f.space_id, f.name, f.type, f.bytes, f.version, f.created_at, f.changed_at, f.trashed_at,
        case when f.space = 'personal' then v.blob_key end as blob_key
      from file as f left join file_version as v on v.file_id = f.id and v.version = f.version
      where f.id > ${last} and (f.space = 'personal' and f.space_id = ${accountId}
        or f.id in (select file_id from file_version where account_id = ${accountId}))
      order by f.id limit ${page}`.execute(reading(db))
    yield* rows
    isMore = rows.length === page
    last = rows.at(-1)?.id ?? last
  }
}
