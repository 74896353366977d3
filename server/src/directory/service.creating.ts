import { audited, fail, Refusal, type Actor, type Tx } from '@atrium/platform'
import {
  accounts as contract,
  type AccountId,
  type DomainId,
  type Hub,
  type Input,
  type Invitation,
  type Output,
  type Person,
} from '@atrium/protocol'
import { tell } from './accounts.ts'
import { mustBeAllowed, mustFit } from './limits.ts'
import { statusAfter } from './rules.ts'
import { addressTaken, noSuchClass, noSuchDomain, type DirectoryDeps } from './service.common.ts'
import type { Showing } from './service.showing.ts'
import { isTaken, namesBeginning } from './store.accounts.ts'
import { findCos } from './store.cos.ts'
import { findDomains, holdDomains, homeOf } from './store.domains.ts'
import { addAccount, findAdded, findPerson } from './store.ts'
import { firstFree, userNameOf } from './user-names.ts'

type Draft = Omit<Input<Hub, 'accounts.create'>, 'userName'>
interface Wanted extends Draft {
  address: string
  isAdministrator?: boolean
  /** Where the link goes: nowhere, or to the address itself. */
  mailTo: string | null
}

export function creatingService(deps: DirectoryDeps, { whole }: Showing) {
  const { db, work, now, newId } = deps

  const nameOf = ({ name, given, initials, surname }: Pick<Draft, 'name' | 'given' | 'initials' | 'surname'>) =>
    name || [given, initials, surname].filter((part) => part !== '').join(' ')

  /** DIR-16  An account is there with all of it, or not at all: its address, its class, its way to sign in. */
  async function make(actor: Actor, wanted: Wanted): Promise<{ person: Person; invitation: Invitation | null }> {
    const { address, clientId, domainId, password, cosId } = wanted
    const name = nameOf(wanted) || address.slice(0, address.lastIndexOf('@'))
    // Hashing takes long, and holds nothing.
    const give = password === undefined ? undefined : await deps.firstPassword(password, { address, name })

    return work(async (tx, announce) => {
      const by = (await findPerson(tx, actor.accountId))!
      const [domain] = await holdDomains(tx, [domainId])
      if (!domain) throw noSuchDomain()
      if (cosId && !(await findCos(tx, cosId))) throw noSuchClass()
      const signsInHere = domain.allowsPassword || domain.allowsPasskey
      if (give && !domain.allowsPassword) throw fail('conflict', 'accounts.externalSignIn', { field: 'password' })

      const earlier = await findAdded(tx, by.id, clientId)
      if (earlier && (earlier.name !== name || earlier.address !== address)) throw fail('conflict', 'clientIdReused')
      const id = earlier?.id ?? (newId() as AccountId)
      if (!earlier) {
        mustFit(domain)
        await mustBeAllowed(tx, domain, cosId)
        const hasJoined = give !== undefined || !signsInHere
        const { given, initials, surname, notes, isHidden, title, isAdministrator = false } = wanted
        const added = await addAccount(tx, {
          ...{ id, domainId, name, address, title, isAdministrator, ownValues: {}, at: now() },
          status: statusAfter({ hasJoined }, wanted.status),
          ...(hasJoined && { joinedAt: now() }),
          added: { by: by.id, clientId },
          more: { given, initials, surname, notes, isHidden, cosId },
        })
        if (!added) throw addressTaken()
        if (give) await give(tx, id)
      }
      const person = (await findPerson(tx, id))!
      // A repetition gets a new link: the first one may never have arrived, and we keep no copy of it.
      const invitation = give || !signsInHere ? null : await deps.invite(tx, person, by, 'invitation', wanted.mailTo)
      if (!earlier) {
        tell(announce, person)
        audited({ target: { kind: 'account', id, name }, domainId, before: null, after: { address, name, status: wanted.status, cosId } })
      }
      return { person, invitation }
    })
  }

  async function domainNamed(at: typeof db | Tx, id: DomainId) {
    const [domain] = await findDomains(at, [id])
    if (!domain) throw noSuchDomain()
    return domain
  }

  return {
    async create(actor: Actor, draft: Input<Hub, 'accounts.create'>): Promise<Output<Hub, 'accounts.create'>> {
      const domain = await domainNamed(db, draft.domainId)
      const address = `${draft.userName}@${domain.name}`.toLowerCase()
      const { person, invitation } = await make(actor, { ...draft, address, mailTo: draft.inviteTo ?? null })
      return { account: await whole(person.id), invitation }
    },

    /** The older, shorter way: somebody with an address, wherever that is. */
    async add(actor: Actor, { clientId, name, address, title, isAdministrator }: Input<Hub, 'directory.person.add'>) {
      const domainId = (await homeOf(db, address))!
      await deps.mustHave(actor, 'account.create', { domainId }).catch((error: unknown) => {
        if (error instanceof Refusal) throw fail('forbidden', 'directory.onlyAdministrators')
        throw error
      })
      if (isAdministrator) await deps.mustAdminister(actor)
      const plain = { given: '', initials: '', surname: '', notes: '', isHidden: false, cosId: null, status: 'active' } as const
      const made = await make(actor, { ...plain, clientId, domainId, name, address, title, isAdministrator, mailTo: address })
      // Where people sign in elsewhere there is no link: they come in by their own way.
      const invitation = made.invitation ?? { path: '/sign-in', expiresAt: now().toISOString() }
      return { person: made.person, invitation }
    },

    async userName(_actor: Actor, { domainId, ...named }: Input<Hub, 'accounts.userName'>): Promise<{ userName: string | null }> {
      const domain = await domainNamed(db, domainId)
      const userName = userNameOf(domain.userNamePattern, named)
      if (userName === null) return { userName }
      return { userName: firstFree(userName, await namesBeginning(db, domain.name, userName)) }
    },

    /** Each row on its own: what is refused is said, the others are made. A dry run makes none. */
    async import(actor: Actor, { domainId, rows, isDryRun }: Input<Hub, 'accounts.import'>): Promise<Output<Hub, 'accounts.import'>> {
      const domain = await domainNamed(db, domainId)
      const seen = new Set<string>()
      let fits = domain.maxAccounts === null ? Number.POSITIVE_INFINITY : domain.maxAccounts - domain.accounts
      const results: Output<Hub, 'accounts.import'>['rows'] = []
      for (const row of rows) {
        const nothing = { address: null, field: null, key: null, invitation: null }
        const read = readRow(row, domainId, newId())
        if ('field' in read) {
          results.push({ ...nothing, state: 'refused', ...read })
          continue
        }
        const address = `${read.userName}@${domain.name}`.toLowerCase()
        const isThere = seen.has(address) || (await isTaken(db, address))
        seen.add(address)
        if (isThere) {
          results.push({ ...nothing, state: 'exists', address, field: 'userName', key: 'directory.addressTaken' })
          continue
        }
        if (isDryRun) {
          const key = fits-- > 0 ? null : 'accounts.domainFull'
          results.push({ ...nothing, state: key ? 'refused' : 'would', address, key, field: key && 'domainId' })
          continue
        }
        results.push(
          await make(actor, { ...read, address, mailTo: read.inviteTo ?? null }).then(
            ({ invitation }) => ({ ...nothing, state: 'created' as const, address, invitation }),
            (error: unknown) => {
              if (!(error instanceof Refusal) || error.failure.code === 'unavailable') throw error
              const { key, field = null } = error.failure
              return { ...nothing, state: 'refused' as const, address, key, field }
            },
          ),
        )
      }
      return { rows: results }
    },
  }
}

const columns = [
  'userName',
  'given',
  'initials',
  'surname',
  'name',
  'title',
  'status',
  'cosId',
  'isHidden',
  'notes',
  'password',
  'inviteTo',
] as const
const yes = new Set(['1', 'true', 'yes', 'ja', 'x'])
type Read = Input<Hub, 'accounts.create'> | { field: string; key: string }

/** A row of a CSV file as the contract says it. Cells are trimmed; an empty one says nothing. */
function readRow(row: Record<string, string>, domainId: DomainId, clientId: string): Read {
  const said: Record<string, unknown> = { clientId, domainId }
  for (const [column, value] of Object.entries(row)) {
    const known = columns.find((one) => one.toLowerCase() === column.trim().toLowerCase())
    if (!known) return { field: column, key: 'accounts.unknownColumn' }
    if (value.trim() !== '') said[known] = known === 'isHidden' ? yes.has(value.trim().toLowerCase()) : value.trim()
  }
  const parsed = contract['accounts.create'].input.safeParse(said)
  if (parsed.success) return parsed.data
  return { field: String(parsed.error.issues[0]!.path[0] ?? ''), key: 'accounts.badValue' }
}
