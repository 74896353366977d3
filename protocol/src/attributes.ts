/** What is used where a limit is not wanted. */
export const unlimited = 'unlimited'

/**
 * How a domain's cap combines with what an account or its class says: `least` of both, `and` (both must allow), `subset` (what
 * both have). `none`: a domain cannot cap it.
 */
export type Cap = 'least' | 'and' | 'subset' | 'none'
interface Described {
  /** Forms show the values of a group together. Label and description are sentences of the client, under the key. */
  group:
    | 'features'
    | 'files'
    | 'messages'
    | 'meetings'
    | 'sessions'
    | 'password'
    | 'lockout'
    | 'secondFactor'
    | 'recovery'
    | 'profile'
    | 'preferences'
  cap: Cap
  /** The person may set it, too. */
  isOwn?: true
}
export type Attribute = Described &
  (
    | { type: 'boolean'; default: boolean }
    | {
        type: 'integer' | 'bytes' | 'seconds' | 'days'
        default: number | typeof unlimited
        min: number
        max: number
        mayBeUnlimited?: true
      }
    | { type: 'choice'; default: string; choices: readonly string[] }
    | { type: 'choices'; default: readonly string[]; choices: readonly string[] }
    | { type: 'text'; default: string; max: number }
    | { type: 'timeZone'; default: string }
  )

const allowed = { type: 'boolean', default: true, cap: 'and' } as const
const own = { cap: 'none', group: 'preferences', isOwn: true } as const
const count = { type: 'integer', min: 0, max: 100, cap: 'none', group: 'password' } as const
const GiB = 2 ** 30
const day = 86_400

/**
 * Every value that a class of service gives and an account may override: forms, validation, the API and its documentation follow
 * from this. Effective is the domain's cap combined with (account, else class, else default).
 */
export const catalogue = {
  'features.chat': { ...allowed, group: 'features' },
  'features.meetings': { ...allowed, group: 'features' },
  'features.files': { ...allowed, group: 'features' },
  'features.documents': { ...allowed, group: 'features' },
  'features.applicationPasswords': { ...allowed, group: 'features' },
  'features.tokens': { ...allowed, group: 'features' },

  'files.quota': { type: 'bytes', default: 10 * GiB, min: 0, max: 2 ** 50, mayBeUnlimited: true, cap: 'least', group: 'files' },
  'files.maxUpload': { type: 'bytes', default: unlimited, min: 1, max: 2 ** 50, mayBeUnlimited: true, cap: 'least', group: 'files' },
  'files.versionsKept': { type: 'integer', default: unlimited, min: 1, max: 10_000, mayBeUnlimited: true, cap: 'least', group: 'files' },

  'messages.editWithin': {
    type: 'seconds',
    default: day,
    min: 0,
    max: 3_650 * day,
    mayBeUnlimited: true,
    cap: 'least',
    group: 'messages',
  },
  'messages.deleteWithin': {
    type: 'seconds',
    default: day,
    min: 0,
    max: 3_650 * day,
    mayBeUnlimited: true,
    cap: 'least',
    group: 'messages',
  },

  'meetings.mayStart': { ...allowed, group: 'meetings' },
  'meetings.mayRecord': { ...allowed, group: 'meetings' },
  'meetings.mayStream': { ...allowed, group: 'meetings' },
  'meetings.mayAdmitGuests': { ...allowed, group: 'meetings' },

  'sessions.idle': { type: 'days', default: 14, min: 1, max: 365, cap: 'least', group: 'sessions' },
  'sessions.longest': { type: 'days', default: 90, min: 1, max: 365, cap: 'least', group: 'sessions' },

  'password.mayChange': { type: 'boolean', default: true, cap: 'none', group: 'password' },
  'password.minLength': { ...count, default: 10, min: 8 },
  'password.minLetters': { ...count, default: 0 },
  'password.minUpper': { ...count, default: 0 },
  'password.minLower': { ...count, default: 0 },
  'password.minDigits': { ...count, default: 0 },
  'password.minPunctuation': { ...count, default: 0 },
  /** One character class, such as `a-zA-Z0-9`; empty: any. */
  'password.allowedCharacters': { type: 'text', default: '', max: 200, cap: 'none', group: 'password' },
  'password.minAge': { type: 'days', default: 0, min: 0, max: 365, cap: 'none', group: 'password' },
  'password.maxAge': { type: 'days', default: unlimited, min: 1, max: 3_650, mayBeUnlimited: true, cap: 'none', group: 'password' },
  /** So many earlier ones are not taken again. */
  'password.history': { ...count, default: 0, max: 24 },
  'password.refuseCommon': { type: 'boolean', default: true, cap: 'none', group: 'password' },

  'lockout.isOn': { type: 'boolean', default: true, cap: 'none', group: 'lockout' },
  'lockout.attempts': { type: 'integer', default: 10, min: 3, max: 1_000, cap: 'none', group: 'lockout' },
  'lockout.window': { type: 'seconds', default: 3_600, min: 60, max: day, cap: 'none', group: 'lockout' },
  /** 0: until an administrator lifts it. */
  'lockout.period': { type: 'seconds', default: 3_600, min: 0, max: 30 * day, cap: 'none', group: 'lockout' },

  'secondFactor.isRequired': { type: 'boolean', default: false, cap: 'none', group: 'secondFactor' },
  /** After the first sign-in with the requirement, so long without. */
  'secondFactor.grace': { type: 'days', default: 0, min: 0, max: 90, cap: 'none', group: 'secondFactor' },
  /** 0: browsers are not trusted, each sign-in asks. */
  'secondFactor.trustDevices': { type: 'days', default: 30, min: 0, max: 365, cap: 'least', group: 'secondFactor' },

  'recovery.isOn': { type: 'boolean', default: true, cap: 'and', group: 'recovery' },
  /** Which fields of the profile a person may change; the others are the administrator's. */
  'profile.ownFields': {
    type: 'choices',
    choices: ['name', 'title', 'picture', 'phones', 'company', 'address'],
    default: ['name', 'title', 'picture', 'phones', 'company', 'address'],
    cap: 'subset',
    group: 'profile',
  },

  'preferences.language': { ...own, type: 'choice', choices: ['auto', 'en', 'de'], default: 'auto' },
  'preferences.timeZone': { ...own, type: 'timeZone', default: 'auto' },
  'preferences.theme': { ...own, type: 'choice', choices: ['system', 'light', 'dark'], default: 'system' },
  'preferences.density': { ...own, type: 'choice', choices: ['comfortable', 'compact'], default: 'comfortable' },
  'preferences.startPage': { ...own, type: 'choice', choices: ['home', 'chat', 'meetings', 'files'], default: 'home' },
  'preferences.notifications': { ...own, type: 'choice', choices: ['all', 'mentions', 'none'], default: 'all' },
  'preferences.showPresence': { ...own, type: 'boolean', default: true },
  'preferences.showTyping': { ...own, type: 'boolean', default: true },
  'preferences.showReceipts': { ...own, type: 'boolean', default: true },
} as const satisfies Record<string, Attribute>

export type AttributeKey = keyof typeof catalogue
export const attributeKeys = Object.keys(catalogue) as [AttributeKey, ...AttributeKey[]]
type ValueOf<A> = A extends { type: 'boolean' }
  ? boolean
  : A extends { type: 'integer' | 'bytes' | 'seconds' | 'days' }
    ? number | (A extends { mayBeUnlimited: true } ? typeof unlimited : never)
    : A extends { choices: readonly (infer C)[]; type: 'choice' }
      ? C
      : A extends { choices: readonly (infer C)[]; type: 'choices' }
        ? C[]
        : string
export type Values = { [K in AttributeKey]: ValueOf<(typeof catalogue)[K]> }
/** What a domain may cap. */
export const cappedKeys = attributeKeys.filter((key) => catalogue[key].cap !== 'none')
/** What somebody may change of their own. */
export const ownKeys = attributeKeys.filter((key) => (catalogue[key] as Attribute).isOwn)
