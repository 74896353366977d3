import { accounts } from './accounts.ts'
import { auth } from './auth.ts'
import { chat } from './chat.ts'
import { directory } from './directory.ts'
import { documents } from './documents.ts'
import { domains } from './domains.ts'
import { hub } from './endings.ts'
import { factors } from './factors.ts'
import { files } from './files.ts'
import { audit, grants } from './grants.ts'
import { lists, resources } from './lists.ts'
import { mail } from './mail.ts'
import { media } from './media.ts'
import { meetings } from './meetings.ts'
import { pictures } from './pictures.ts'
import { presence } from './presence.ts'
import { providers } from './providers.ts'
import { search } from './search.ts'
import { sync } from './sync.ts'

export * from './accounts.ts'
export * from './catalogue.ts'
export * from './domains.ts'
export * from './factors.ts'
export * from './grants.ts'
export * from './lists.ts'
export * from './providers.ts'
export * from './rights.ts'
export * from './auth.ts'
export * from './chat.ts'
export * from './directory.ts'
export * from './documents.ts'
export * from './endings.ts'
export * from './files.ts'
export * from './fold.ts'
export * from './ids.ts'
export * from './internal.ts'
export * from './kernel.ts'
export * from './mail.ts'
export * from './media.ts'
export * from './meetings.ts'
export * from './pictures.ts'
export * from './presence.ts'
export * from './search.ts'
export * from './sentences.ts'
export * from './sync.ts'
export * from './tickets.ts'

export const contract = {
  ...directory,
  ...auth,
  ...factors,
  ...domains,
  ...accounts,
  ...pictures,
  ...chat,
  ...presence,
  ...search,
  ...files,
  ...documents,
  ...meetings,
  ...media,
  ...grants,
  ...audit,
  ...lists,
  ...resources,
  ...providers,
  ...mail,
  ...sync,
  ...hub,
}
export type Hub = typeof contract
