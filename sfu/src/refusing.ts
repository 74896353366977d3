import { errors } from 'mediasoup'
import { fail, Refusal } from '@atrium/platform'

/** Does something with a worker. What mediasoup does not take is refused; a worker that is gone is `unavailable` until the page enters again. */
export async function refusing<T>(doing: () => Promise<T>): Promise<T> {
  try {
    return await doing()
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof errors.WorkerClosedError) throw fail('unavailable', 'unavailable')
    if (error instanceof errors.NotFoundError) throw fail('not_found', 'notFound')
    // Its own look at parameters, and the worker's: both say what is wrong with what they were given.
    throw fail('invalid', 'invalid')
  }
}
