import { findSealingKey, seal, sealingKey, unseal } from '@atrium/platform/sealing'
import type { ProviderId, ProviderSettings } from '@atrium/protocol'
import type { Db, ProviderRow, Tx } from './store.ts'

/** Settings as they are kept, and their secret apart. Undefined: it was not said; null: there is to be none. */
export function apart(settings: ProviderSettings): { plain: ProviderSettings; secret: string | null | undefined } {
  switch (settings.kind) {
    case 'saml':
      return { plain: settings, secret: null }
    case 'oidc': {
      const { clientSecret, ...plain } = settings
      return { plain, secret: clientSecret }
    }
    case 'ldap': {
      const { bindPassword, ...plain } = settings
      return { plain, secret: bindPassword }
    }
  }
}

export const sealed = async (tx: Tx, id: ProviderId, secret: string | null): Promise<Buffer | null> =>
  secret === null ? null : seal(await sealingKey(tx), secret, id)

/** What goes nowhere but to the provider itself. */
export async function secretOf(db: Db, { id, sealedSecret }: Pick<ProviderRow, 'id' | 'sealedSecret'>): Promise<string | null> {
  if (sealedSecret === null) return null
  const key = await findSealingKey(db)
  return key ? unseal(key, sealedSecret, id) : null
}
