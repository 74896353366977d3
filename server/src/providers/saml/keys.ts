import { findSealingKey, seal, sealingKey, unseal } from '@atrium/platform/sealing'
import { signingPair, type SigningPair } from '@atrium/platform/signing'
import type { ProviderId } from '@atrium/protocol'
import { open, type Db, type Tx } from '../store.ts'

/** The key is sealed apart from the provider's secret: neither opens as the other. */
const about = (id: ProviderId) => `${id} signing`

/** What the provider is told, to know our signatures by. */
export const findCertificate = async (db: Db, providerId: ProviderId): Promise<string | null> =>
  (await open(db).selectFrom('providerKey').select('certificate').where('providerId', '=', providerId).executeTakeFirst())?.certificate ??
  null

/** Of two at once the first stays. */
export async function keep(tx: Tx, providerId: ProviderId, { privateKey, certificate }: SigningPair): Promise<void> {
  const sealedKey = seal(await sealingKey(tx), privateKey, about(providerId))
  await open(tx)
    .insertInto('providerKey')
    .values({ providerId, sealedKey, certificate })
    .onConflict((known) => known.doNothing())
    .execute()
}

/** Made with the provider; one that was there before keys were gets its own with the first use. */
export async function keyOf(
  { db, work, now }: { db: Db; work: <T>(unit: (tx: Tx) => Promise<T>) => Promise<T>; now: () => Date },
  providerId: ProviderId,
  name: string,
): Promise<SigningPair> {
  const find = () =>
    open(db).selectFrom('providerKey').select(['sealedKey', 'certificate']).where('providerId', '=', providerId).executeTakeFirst()
  let row = await find()
  if (!row) {
    const pair = await signingPair(name, now())
    await work((tx) => keep(tx, providerId, pair))
    row = await find()
  }
  const sealing = await findSealingKey(db)
  return { privateKey: unseal(sealing!, row!.sealedKey, about(providerId)), certificate: row!.certificate }
}
