import type { Language } from '@atrium/protocol'

interface Invited {
  name: string
  by: string
  organisation: string
  url: string
  expiresAt: Date
}
interface Words {
  subject: string
  text: string
}

/** What the mail with a link says. In the language of whoever sends it: an invited person has not chosen one yet. */
export function letterWith(link: 'invitation' | 'reset', language: Language, { name, by, organisation, url, expiresAt }: Invited): Words {
  const until = new Intl.DateTimeFormat(language === 'de' ? 'de' : 'en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  }).format(expiresAt)
  const words: Record<Language, Record<typeof link, Words>> = {
    en: {
      invitation: {
        subject: `${by} invites you to ${organisation}`,
        text: `Hello ${name},\n\n${by} has added you to ${organisation}. Choose a password and come in:\n\n${url}\n\nThe link works once, until ${until} (UTC).`,
      },
      reset: {
        subject: `Choose a new password for ${organisation}`,
        text: `Hello ${name},\n\n${by} has made a link for you to choose a new password:\n\n${url}\n\nThe link works once, until ${until} (UTC). If you did not ask for it, leave it alone.`,
      },
    },
    de: {
      invitation: {
        subject: `${by} lädt Sie zu ${organisation} ein`,
        text: `Guten Tag ${name},\n\n${by} hat Sie zu ${organisation} hinzugefügt. Wählen Sie ein Passwort und kommen Sie herein:\n\n${url}\n\nDer Link gilt einmal, bis ${until} (UTC).`,
      },
      reset: {
        subject: `Neues Passwort für ${organisation}`,
        text: `Guten Tag ${name},\n\n${by} hat einen Link für Sie erstellt, mit dem Sie ein neues Passwort wählen:\n\n${url}\n\nDer Link gilt einmal, bis ${until} (UTC). Wenn Sie nicht darum gebeten haben, lassen Sie ihn ungenutzt.`,
      },
    },
  }
  return words[language][link]
}
