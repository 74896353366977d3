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
export function letterWith(
  link: 'invitation' | 'reset' | 'forgotten' | 'recovery',
  language: Language,
  { name, by, organisation, url, expiresAt }: Invited,
): Words {
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
      forgotten: {
        subject: `Your password for ${organisation}`,
        text: `Hello ${name},\n\nsomebody, probably you, says that your password for ${organisation} is forgotten. Choose a new one:\n\n${url}\n\nThe link works once, until ${until} (UTC). If it was not you, leave it alone: nothing has changed.`,
      },
      recovery: {
        subject: `Is this your address? ${organisation} asks`,
        text: `Hello ${name},\n\nthis address is to help when your password for ${organisation} is forgotten. Confirm that it is yours:\n\n${url}\n\nThe link works once, until ${until} (UTC). If you know nothing of it, leave it alone.`,
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
      forgotten: {
        subject: `Ihr Passwort für ${organisation}`,
        text: `Guten Tag ${name},\n\njemand, vermutlich Sie selbst, hat angegeben, dass Ihr Passwort für ${organisation} vergessen ist. Wählen Sie ein neues:\n\n${url}\n\nDer Link gilt einmal, bis ${until} (UTC). Wenn Sie das nicht waren, lassen Sie ihn ungenutzt: Es hat sich nichts geändert.`,
      },
      recovery: {
        subject: `Ist das Ihre Adresse? ${organisation} fragt nach`,
        text: `Guten Tag ${name},\n\ndiese Adresse soll helfen, wenn Ihr Passwort für ${organisation} vergessen ist. Bestätigen Sie, dass es Ihre ist:\n\n${url}\n\nDer Link gilt einmal, bis ${until} (UTC). Wenn Sie davon nichts wissen, lassen Sie ihn ungenutzt.`,
      },
    },
  }
  return words[language][link]
}
