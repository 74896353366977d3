import type { Failure, Sentence } from '@atrium/protocol'
import * as m from './paraglide/messages.js'

type Params = Record<string, string | number>
export const minutesOrSeconds = (params: Params): string => {
  const seconds = Math.max(1, Math.ceil(Number(params['retryAfterMs'] ?? 60_000) / 1_000))
  return seconds < 90 ? m.seconds({ count: seconds }) : m.minutes({ count: Math.ceil(seconds / 60) })
}

/** What only the pages behind the first one are refused with comes with them (`sentence.later.ts`). */
export type Later = Extract<
  Sentence,
  `${'meetings' | 'files' | 'documents' | 'domains' | 'cos' | 'accounts' | 'lists' | 'resources' | 'grants' | 'factors' | 'tokens' | 'providers'}.${string}`
>
export type Spoken<Keys extends Sentence> = Record<Keys, (params: Params) => string>
let later: Partial<Spoken<Later>> = {}
export const speakAlso = (more: Spoken<Later>): void => void (later = more)

/** Every refusal the hub can speak, in the reader's language. What is missing here does not compile. */
const spoken: Spoken<Exclude<Sentence, Later>> = {
  unauthenticated: m.sentence_unauthenticated,
  forbidden: m.sentence_forbidden,
  notFound: m.sentence_not_found,
  invalid: m.sentence_invalid,
  conflict: m.sentence_conflict,
  tooLarge: m.sentence_too_large,
  overQuota: m.sentence_over_quota,
  rateLimited: (params) => m.sentence_rate_limited({ wait: minutesOrSeconds(params) }),
  unavailable: m.sentence_unavailable,
  internal: (params) => (params['ref'] ? m.sentence_internal_ref({ ref: String(params['ref']) }) : m.sentence_internal()),
  noSuchOperation: m.sentence_no_such_operation,
  clientIdReused: m.sentence_client_id_reused,
  'auth.wrongPassword': m.sentence_auth_wrong_password,
  'auth.accountLocked': m.sentence_auth_account_locked,
  'auth.tooManyTries': (params) => m.sentence_auth_too_many_tries({ wait: minutesOrSeconds(params) }),
  'auth.linkUsed': m.sentence_auth_link_used,
  'auth.alreadySetUp': m.sentence_auth_already_set_up,
  'auth.addressOutsideDomain': (params) => m.sentence_auth_address_outside_domain({ ending: `@${params['domain'] ?? ''}` }),
  'auth.weakPassword': m.sentence_auth_weak_password,
  'chat.noSuchRoom': m.sentence_chat_no_such_room,
  'chat.noSuchMessage': m.sentence_chat_no_such_message,
  'chat.roomIsArchived': m.sentence_chat_room_is_archived,
  'chat.onlyAuthors': m.sentence_chat_only_authors,
  'chat.onlyOwners': m.sentence_chat_only_owners,
  'chat.tooLateToChange': m.sentence_chat_too_late_to_change,
  'chat.changedMeanwhile': m.sentence_chat_changed_meanwhile,
  'chat.wasDeleted': m.sentence_chat_was_deleted,
  'chat.noSuchPerson': m.sentence_chat_no_such_person,
  'chat.directIsForTwo': m.sentence_chat_direct_is_for_two,
  'chat.lastOwner': m.sentence_chat_last_owner,
  'chat.tooManyReactions': m.sentence_chat_too_many_reactions,
  'directory.noSuchPerson': m.sentence_directory_no_such_person,
  'directory.onlyAdministrators': m.sentence_directory_only_administrators,
  'directory.addressTaken': m.sentence_directory_address_taken,
  'directory.lastAdministrator': m.sentence_directory_last_administrator,
  'directory.notYourself': m.sentence_directory_not_yourself,
  'directory.isClosed': m.sentence_directory_is_closed,
  'pictures.noSuchPicture': m.sentence_pictures_no_such_picture,
  'pictures.notAPicture': m.sentence_pictures_not_a_picture,
  'pictures.tooLarge': m.sentence_pictures_too_large,
  'pictures.alreadyUsed': m.sentence_pictures_already_used,
  'pictures.wrongLength': m.sentence_pictures_wrong_length,
  'auth.signedInAlready': m.sentence_auth_signed_in_already,
}

/** What happened, what is safe, what to do. */
export function sentence({ key, params, retryAfterMs, ref }: Failure): string {
  // A newer hub may refuse with a sentence this page does not know yet.
  const speak: ((params: Params) => string) | undefined = { ...spoken, ...later }[key]
  return (speak ?? m.sentence_internal)({ ...params, ...(retryAfterMs !== undefined && { retryAfterMs }), ...(ref && { ref }) })
}
