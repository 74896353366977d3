import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits: for cookies and links. Nobody guesses one, so a plain hash is enough to keep them by. */
export const newSecret = (): string => randomBytes(32).toString('base64url')
export const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest()
