import type { Actor, Audited, Authority, Database, Handlers, Noted, Throttle, Tx, Witness } from '@atrium/platform'
import type { audit as contract, Failure, Hub, Input, Output } from '@atrium/protocol'
import type { Visible } from '../grants/index.ts'
import { begunWith, bounded, isAttempt, masked, refusals, wordsOf } from './rules.ts'
import { addEntry, listEntries, type AuditTables } from './store.ts'

export type { AuditTables } from './store.ts'

interface Deps extends Database<AuditTables> {
  now: () => Date
  throttle: Pick<Throttle, 'take'>
  visible: (actor: Actor, right: 'audit.see') => Promise<Visible>
}

/** Who did what to whom, and what they were refused. */
export function audit({ db, work, now, throttle, visible }: Deps) {
  async function write(tx: Tx, asked: Noted, said: Audited, refusal?: Failure): Promise<void> {
    const { actor, name, call } = asked
    const input = inputOf(asked)
    await addEntry(tx as never, {
      at: now(),
      // At the console nobody signs in: its entry names the user of the machine as the source.
      actorId: actor.through?.kind === 'console' ? null : actor.accountId,
      openedBy: actor.through?.kind === 'administrator' ? actor.through.accountId : null,
      source: call.source,
      door: doorOf(actor),
      operation: name,
      target: said.target ?? targetOf(asked),
      domainId: said.domainId,
      refusal,
      before: said.before ? recorded(said.before) : null,
      after: said.after === undefined ? (Object.keys(input).length > 0 ? recorded(input) : null) : said.after && recorded(said.after),
    })
  }

  const handlers: Handlers<typeof contract> = {
    async 'audit.list'(
      actor,
      { limit, operations, search, meant, ...asked }: Input<Hub, 'audit.list'>,
    ): Promise<Output<Hub, 'audit.list'>> {
      const seen = await visible(actor, 'audit.see')
      const found = await listEntries(db, {
        ...asked,
        ...(operations && { operations: begunWith(operations) }),
        ...(search && { words: wordsOf(search, meant) }),
        limit: limit + 1,
        domainIds: seen === 'all' ? seen : seen.domainIds,
      })
      return { entries: found.slice(0, limit), hasMore: found.length > limit }
    },
  }
  const watch: Required<Pick<Authority, 'witness' | 'note'>> = {
    witness(asked): Witness {
      return {
        async write(tx, said) {
          for (const one of said.length > 0 ? said : [{}]) await write(tx, asked, one)
        },
      }
    },
    async note({ refused, ...asked }) {
      if (refused && !isAttempt(refused)) return
      if (refused && throttle.take(`audit ${asked.actor.accountId}`, refusals) > 0) return
      await work((tx) => write(tx, asked, {}, refused))
    },
  }
  return {
    handlers,
    watch,
    /** What the hub itself did: a mirror that locked somebody, a lockout. */
    record: (tx: Tx, operation: string, said: Audited): Promise<void> =>
      addEntry(tx as never, {
        ...{ at: now(), actorId: null, openedBy: null, source: '', door: 'hub' as const, operation, refusal: undefined },
        ...{ target: said.target, domainId: said.domainId },
        before: said.before ? recorded(said.before) : null,
        after: said.after ? recorded(said.after) : null,
      }),
  }
}
export type Audit = ReturnType<typeof audit>

const recorded = (said: Record<string, unknown>) => bounded(masked(said) as Record<string, unknown>)
const doorOf = ({ through }: Actor) =>
  through?.kind === 'console' ? 'console' : through?.kind === 'application' || through?.kind === 'script' ? 'program' : 'browser'

function inputOf({ input }: Noted): Record<string, unknown> {
  const { clientId: _, ...rest } = input as Record<string, unknown>
  return rest
}

const fields = ['accountId', 'listId', 'resourceId', 'cosId', 'grantId', 'providerId', 'domainId'] as const
/** What an operation is about: what its right is over, or else the first thing that its input names; without any, oneself. */
function targetOf({ needs, input, actor }: Noted): Audited['target'] {
  const given = input as Record<string, unknown>
  const field = [needs?.on ?? '', ...fields].find((name) => typeof given[name] === 'string')
  if (field) return { kind: field.slice(0, -2), id: given[field] as string }
  const { target } = given as { target?: { kind: string; id: string } }
  if (target) return { kind: target.kind, id: target.id }
  return needs ? undefined : { kind: 'account', id: actor.accountId }
}
