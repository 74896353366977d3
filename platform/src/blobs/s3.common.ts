import { fail, type Refusal } from '../errors.ts'

/** Large enough that most pictures go in one request, small enough for many uploads at once. */
export const partBytes = 8 << 20

/** A store that cannot be reached is `unavailable`; what it refuses is a mistake of ours or of its configuration. */
export async function available<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking
  } catch (error) {
    throw isUnreachable(error) ? fail('unavailable', 'unavailable') : error
  }
}

function isUnreachable(error: unknown): boolean {
  const { code } = error as { code?: string }
  return (
    code !== undefined &&
    /^(ECONN|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|EPIPE|SlowDown|ServiceUnavailable|InternalError|XMinioServerNotInitialized)/.test(code)
  )
}

export function absent(error: { code?: string } & Partial<Refusal>): undefined {
  if (error.code !== 'NotFound' && error.code !== 'NoSuchKey') throw error
}
