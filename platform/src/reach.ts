import { Scope, type Operation } from '@atrium/protocol'
import type { Through } from './dispatch.ts'
import { fail } from './errors.ts'

/**
 * Which part of a scope an operation belongs to, by the first word of its name. What is not named here no password of a program
 * and no token reaches: signing in, second factors, tokens, what is one's own, letters of the hub.
 */
const partOf: Record<string, 'chat' | 'files' | 'documents' | 'meetings' | 'directory'> = {
  chat: 'chat',
  search: 'chat',
  sync: 'chat',
  pictures: 'chat',
  files: 'files',
  documents: 'documents',
  meetings: 'meetings',
  media: 'meetings',
  directory: 'directory',
  presence: 'directory',
}
/** Under these words stand operations about accounts: they are administered, or are somebody's own to do. */
const isAboutAccounts = (name: string) => /^directory\.(?:account|person)\./.test(name)

type Asked = { kind: 'query' | 'command' | 'nudge'; terms: Operation['terms'] }

/** Whether a program may use this scope. The administration opens for tokens of scripts that name it, and for no other. */
export function opens(through: Extract<Through, { kind: 'application' | 'script' }>, scope: Scope): boolean {
  return through.scopes.includes(scope) && (through.kind === 'script' || !scope.startsWith('administration:'))
}

/** The scope that a token needs for an operation; undefined: none reaches it. */
export function scopeOf(name: string, { kind, terms }: Asked): Scope | undefined {
  const part = terms.needs ? 'administration' : isAboutAccounts(name) ? undefined : partOf[name.split('.')[0]!]
  return Scope.options.find((scope) => scope === `${part}:${kind === 'query' ? 'read' : 'write'}`)
}

function isInScope(through: Extract<Through, { kind: 'application' | 'script' }>, name: string, asked: Asked): boolean {
  // Asked of everybody, whoever they are: what this hub is called.
  if (name === 'hub.about') return true
  const scope = scopeOf(name, asked)
  return scope !== undefined && opens(through, scope)
}

/** How the person signs in, who else does, and what they administer is theirs alone, whoever looks through their eyes. */
const isTheirsAlone = (name: string, { terms }: Asked) =>
  terms.needs !== undefined ||
  terms.confirmed === true ||
  /^(?:auth|setup|factors|tokens|grants|audit|providers|mail)\./.test(name) ||
  isAboutAccounts(name)
/** To see that it is so, and to leave. */
const isHarmless = new Set(['auth.state', 'auth.sessions', 'auth.signOut'])

/** Refuses what is asked by something else than a session of one's own, where that goes too far. */
export function refuseUnreached(through: Through | undefined, name: string, asked: Asked): void {
  switch (through?.kind) {
    case 'application':
    case 'script':
      if (!isInScope(through, name, asked)) throw fail('forbidden', 'factors.outOfScope')
      return
    case 'administrator':
      if (isTheirsAlone(name, asked) && !isHarmless.has(name)) throw fail('forbidden', 'factors.openedBy')
      return
    case 'unfinished':
      if (!asked.terms.unfinished && !asked.terms.open) throw fail('unauthenticated', 'factors.unfinished')
      return
    case 'console':
    case undefined:
  }
}
