import { pino, type DestinationStream, type Logger } from 'pino'

/** What an observed thing looks like in the log. Never names, bodies or addresses of people. */
export interface Line {
  operation?: string
  code?: string
  ms?: number
  actor?: string
  ref?: string
  error?: unknown
}

export interface Log {
  debug(line: Line & Record<string, unknown>, sentence?: string): void
  info(line: Line & Record<string, unknown>, sentence?: string): void
  warn(line: Line & Record<string, unknown>, sentence?: string): void
  error(line: Line & Record<string, unknown>, sentence?: string): void
  /** The same log, each line naming this service. */
  of(service: string): Log
}

/** JSON lines `{ at, level, service, operation, code, ms, actor, ref, say }`, on standard output unless told otherwise. */
export function jsonLog(level: string, destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    messageKey: 'say',
    errorKey: 'error',
    timestamp: () => `,"at":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...hidden, ...hidden.map((name) => `*.${name}`)], censor: '***' },
  }
  return logOf(destination ? pino(options, destination) : pino(options))
}

/** A last net under what must not be logged. `detail` and `where` are PostgreSQL's, and quote the row that was refused. */
const hidden = [
  'password',
  'token',
  'secret',
  'cookie',
  'authorization',
  'body',
  'name',
  'displayName',
  'address',
  'subject',
  'text',
  'detail',
  'where',
]

const logOf = (logger: Logger): Log => ({
  debug: (line, sentence) => logger.debug(line, sentence),
  info: (line, sentence) => logger.info(line, sentence),
  warn: (line, sentence) => logger.warn(line, sentence),
  error: (line, sentence) => logger.error(line, sentence),
  of: (service) => logOf(logger.child({ service })),
})
