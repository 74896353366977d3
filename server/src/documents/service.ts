import { fail, lostUpTo, type Actor, type Database, type Reading, type Tickets } from '@atrium/platform'
import type { AccountId, DocumentVersion, File, FileId, Hub, Input, May, Output, Person } from '@atrium/protocol'
import { shownTo } from '../directory/index.ts'
import { fileTopic } from '../files/index.ts'
import type { DocumentNodes } from './nodes.ts'

export interface DocumentsDeps extends Pick<Database<Record<never, never>>, 'db' | 'snapshot'> {
  epoch: string
  nodes: DocumentNodes
  now: () => Date
  tickets: Pick<Tickets, 'sign'>
  /** A file as somebody sees it, and what they may do. Refuses as if it did not exist. */
  seen: (actor: Actor, fileId: FileId) => Promise<{ file: File; may: May; isShownOnly: boolean }>
  peopleOf: (db: Reading<any>, accountIds: readonly string[]) => Promise<Person[]>
}

const noSuchDocument = () => fail('not_found', 'documents.noSuchDocument', { field: 'fileId' })

/** The rights to documents are those to files; their bodies live on a node of their own. Guests read what is shown to them (FILE-14). */
export function documentsService({ db, snapshot, epoch, nodes, now, tickets, seen, peopleOf }: DocumentsDeps) {
  async function readable(actor: Actor, fileId: FileId) {
    const found = await seen(actor, fileId)
    if (found.file.kind !== 'document') throw noSuchDocument()
    return found
  }

  /** FILE-14  What was there before it was shown to somebody is not shown. */
  async function past(actor: Actor, fileId: FileId): Promise<void> {
    if ((await readable(actor, fileId)).isShownOnly) throw noSuchDocument()
  }

  async function writable(actor: Actor, fileId: FileId): Promise<void> {
    const { may } = await readable(actor, fileId)
    if (may !== 'write') throw fail('forbidden', 'files.readOnly')
  }

  const peopleIn = async (actor: Actor, versions: readonly DocumentVersion[]): Promise<Person[]> =>
    shownTo(actor, await peopleOf(db, [...new Set<AccountId>(versions.flatMap(({ authors }) => authors))]))

  /** A ticket for the node that has the document now. */
  async function admit(actor: Actor, fileId: FileId) {
    // A right that is lost while the node is looked for is lost to this ticket, too.
    const lookedAt = now()
    const asOf = await lostUpTo(db)
    const { file, may } = await readable(actor, fileId)
    const node = await nodes.nodeFor(fileId)
    const { accountId, sessionId } = actor
    const ticket = await tickets.sign('document', { fileId, accountId, sessionId, node: node.id, mode: may, asOf }, lookedAt)
    return { file, may, node, ticket }
  }

  return {
    admit,

    async open(actor: Actor, { fileId }: Input<Hub, 'documents.open'>): Promise<Output<Hub, 'documents.open'>> {
      // Where it stands is read first: what happens while we look is told as a fact, or is in what we see.
      const at = await snapshot((_then, standing) => standing(fileTopic(fileId)))
      const { file, may, node, ticket } = await admit(actor, fileId)
      return { file, may, path: `/collab/${node.name}`, ticket, epoch, at }
    },

    async versions(actor: Actor, { fileId, before }: Input<Hub, 'documents.versions'>): Promise<Output<Hub, 'documents.versions'>> {
      await past(actor, fileId)
      const { versions, hasMore } = await nodes.ask(fileId, 'document.versions', { fileId, before })
      return { versions, hasMore, people: await peopleIn(actor, versions) }
    },

    async read(actor: Actor, { fileId, version }: Input<Hub, 'documents.version.read'>): Promise<Output<Hub, 'documents.version.read'>> {
      await past(actor, fileId)
      return nodes.ask(fileId, 'document.version.read', { fileId, version })
    },

    async save(actor: Actor, { clientId, fileId, name }: Input<Hub, 'documents.version.save'>): Promise<DocumentVersion> {
      await writable(actor, fileId)
      return nodes.ask(fileId, 'document.version.save', { fileId, clientId, accountId: actor.accountId, name })
    },

    async name(actor: Actor, { fileId, version, name }: Input<Hub, 'documents.version.name'>): Promise<DocumentVersion> {
      await writable(actor, fileId)
      return nodes.ask(fileId, 'document.version.name', { fileId, version, name })
    },

    async restore(actor: Actor, { clientId, fileId, version }: Input<Hub, 'documents.version.restore'>): Promise<DocumentVersion> {
      await writable(actor, fileId)
      return nodes.ask(fileId, 'document.version.restore', { fileId, clientId, accountId: actor.accountId, version })
    },
  }
}
