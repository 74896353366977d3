import { DatabaseError } from 'pg'

/** The server said that it goes away. */
const isGoing = (error: DatabaseError): boolean => /^(08|57P)/.test(error.code ?? '')

/** The server itself refused, and so undid it. One that goes away says nothing about a commit under way. */
export const isUndone = (error: unknown): error is DatabaseError => error instanceof DatabaseError && !isGoing(error)

/** Of a commit that the server answered by undoing everything. */
export const undone = (): DatabaseError =>
  Object.assign(new DatabaseError('The transaction was undone: a statement of it had failed, and nobody said so.', 0, 'error'), {
    code: '25P02',
  })

/** Refused only because an earlier statement of the transaction was. */
export const isFollowing = (error: unknown): boolean => error instanceof DatabaseError && error.code === '25P02'

/**
 * Another try may well succeed: serialisation failure, deadlock, and a row that somebody else wrote since we looked, such as
 * that of the same command on another connection.
 */
export const isRepeatable = (error: unknown): boolean => isUndone(error) && ['40001', '40P01', '23505'].includes(error.code ?? '')

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
/** What `pg` says without a code: of connections that broke, and of a pool that found none in time. */
const brokenConnection =
  /^(Connection terminated|Client was closed|Client has encountered a connection error|timeout e|Query read timeout|Cannot use a pool after)/

/** This connection is over, or will be in a moment. */
export const isConnectionLost = (error: unknown): boolean => (error instanceof DatabaseError ? isGoing(error) : isUnavailable(error))

/** The database cannot be had at the moment: gone, going, coming back, out of room. Not a mistake of ours, and it passes. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof DatabaseError) return /^(08|53|57P|58030|25006)/.test(error.code ?? '')
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isUnavailable)
  const { code, syscall } = error as NodeJS.ErrnoException
  // A missing file is one of ours unless it is the server's socket.
  if (code === 'ENOENT') return syscall === 'connect'
  return (code !== undefined && unreachable.has(code)) || brokenConnection.test(error.message)
}
