import type { Letter } from '@atrium/platform'
import type { Language } from '@atrium/protocol'

interface Added {
  to: string
  /** Empty for an address outside. */
  name: string
  list: string
  address: string
  organisation: string
}
/** What a new member of a list is told. */
export function welcome(language: Language, { to, name, list, address, organisation }: Added): Letter {
  const whom = name === '' ? '' : ` ${name}`
  return language === 'de'
    ? {
        to,
        subject: `Sie sind in der Liste ${list}`,
        text: `Guten Tag${whom},\n\nSie wurden bei ${organisation} in die Liste ${list} aufgenommen. Was an ${address} geht, erreicht auch Sie.\n\nWenn Sie das nicht möchten, wenden Sie sich an die Verwaltung der Liste.`,
      }
    : {
        to,
        subject: `You are in the list ${list}`,
        text: `Hello${whom},\n\nyou were added to the list ${list} at ${organisation}. What is sent to ${address} reaches you, too.\n\nIf you do not want that, turn to those who look after the list.`,
      }
}
