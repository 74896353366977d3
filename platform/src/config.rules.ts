import { availableParallelism } from 'node:os'
import type { Settings } from './config.environment.ts'

/** Settings that cannot all be followed: for each such group, the sentence that fixes it. */
export function contradictions(settings: Settings): string[] {
  const { ATRIUM_SERVICES: services, ATRIUM_ORIGIN: origin, ATRIUM_TLS: localTls, TLS_CERT: cert, TLS_KEY: key } = settings
  const isTls = localTls || cert !== undefined
  const { ATRIUM_TURN_URLS: turnUrls, ATRIUM_TURN_SECRET: turnSecret, ATRIUM_MEDIA_PORTS: mediaPort } = settings
  const workers = settings.ATRIUM_MEDIA_WORKERS ?? availableParallelism()
  const lastMediaPort = (mediaPort ?? 0) + workers - 1
  const named = `ATRIUM_SERVICES=${services.join(',')}`
  const wrong: [boolean, string][] = [
    [
      !services.includes('server') && !settings.DATABASE_URL,
      `${named} needs DATABASE_URL: the embedded database belongs to the process that starts it.`,
    ],
    [!services.includes('server') && !settings.REDIS_URL, `${named} needs REDIS_URL: no other process could reach it.`],
    [
      settings.REDIS_URL !== undefined && !settings.DATABASE_URL,
      'REDIS_URL needs DATABASE_URL: processes that share a bus share a database, and the embedded one belongs to one process.',
    ],
    [(cert === undefined) !== (key === undefined), 'TLS_CERT and TLS_KEY belong together: set both, or neither.'],
    [localTls && cert !== undefined, 'ATRIUM_TLS makes a certificate and TLS_CERT brings one: set one of them.'],
    [isTls && origin?.startsWith('http:') === true, `This process serves HTTPS, but ATRIUM_ORIGIN is ${origin}: begin it with https://.`],
    [
      !isTls && origin?.startsWith('https:') === true && settings.ATRIUM_TRUSTED_PROXIES.length === 0,
      'ATRIUM_ORIGIN begins with https, but this process serves HTTP: set TLS_CERT and TLS_KEY, or name the proxy that ends TLS in ATRIUM_TRUSTED_PROXIES.',
    ],
    [settings.SMTP_URL !== undefined && !settings.ATRIUM_MAIL_FROM, 'SMTP_URL needs ATRIUM_MAIL_FROM: the sender of our mails.'],
    [
      turnUrls.some((url) => url.startsWith('turn')) && turnSecret === undefined,
      'ATRIUM_TURN_URLS needs ATRIUM_TURN_SECRET: a relay serves nobody without a password.',
    ],
    [
      turnSecret !== undefined && !turnUrls.some((url) => url.startsWith('turn')),
      'ATRIUM_TURN_SECRET needs ATRIUM_TURN_URLS: where is the relay that knows it?',
    ],
    [
      mediaPort !== undefined && mediaPort > 0 && mediaPort <= settings.ATRIUM_PORT && settings.ATRIUM_PORT <= lastMediaPort,
      `ATRIUM_PORT=${settings.ATRIUM_PORT} is among the media ports ${mediaPort} to ${lastMediaPort}: choose ATRIUM_MEDIA_PORTS so that none of them is.`,
    ],
    [
      mediaPort !== undefined && mediaPort > 0 && lastMediaPort > 65_535,
      `ATRIUM_MEDIA_PORTS=${mediaPort} leaves no room for ${workers} media workers, a port each: begin lower.`,
    ],
    [settings.SMTP_URL !== undefined && !origin, 'SMTP_URL needs ATRIUM_ORIGIN: links in mails have to lead here.'],
  ]
  return wrong.filter(([applies]) => applies).map(([, sentence]) => sentence)
}
