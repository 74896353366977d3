import { fail, type Handlers } from '@atrium/platform'
import type { factors as contract } from '@atrium/protocol'

const soon = (): never => {
  throw fail('unavailable', 'unavailable')
}

export function factors() {
  const handlers: Handlers<typeof contract> = {
    'auth.state': async () => soon(),
    'auth.totp': async () => soon(),
    'auth.scratch': async () => soon(),
    'auth.passkey.begin': async () => soon(),
    'auth.passkey.finish': async () => soon(),
    'auth.newPassword': async () => soon(),
    'auth.policy': async () => soon(),
    'auth.link.policy': async () => soon(),
    'auth.withPasskey.begin': async () => soon(),
    'auth.withPasskey.finish': async () => soon(),
    'auth.forgot': async () => soon(),
    'auth.confirm': async () => soon(),
    'auth.confirm.begin': async () => soon(),
    'auth.confirm.passkey': async () => soon(),
    'auth.phone.begin': async () => soon(),
    'auth.phone.finish': async () => soon(),
    'auth.recovery.verify': async () => soon(),
    'auth.enrolment.open': async () => soon(),
    'me.recovery': async () => soon(),
    'factors.list': async () => soon(),
    'factors.totp.begin': async () => soon(),
    'factors.totp.finish': async () => soon(),
    'factors.scratch.renew': async () => soon(),
    'factors.passkey.begin': async () => soon(),
    'factors.passkey.finish': async () => soon(),
    'factors.passkey.rename': async () => soon(),
    'factors.remove': async () => soon(),
    'factors.device.forget': async () => soon(),
    'tokens.list': async () => soon(),
    'tokens.create': async () => soon(),
    'tokens.revoke': async () => soon(),
    'accounts.factors': async () => soon(),
    'accounts.factors.remove': async () => soon(),
    'accounts.factors.reset': async () => soon(),
    'accounts.token.revoke': async () => soon(),
    'accounts.enrolment': async () => soon(),
  }
  return { handlers }
}
