import { z } from 'zod'
import { query } from './kernel.ts'

/** Operations between our own services, over the bus. Never exposed to clients. */
export const internal = {
  'node.describe': query(
    z.strictObject({}),
    z.object({ node: z.string(), service: z.enum(['server', 'sfu', 'collab']), version: z.string(), load: z.number() }),
  ),
}
export type Internal = typeof internal
