import { maxPictureBytes, type Picture } from '@atrium/protocol'

/** What a picture belongs to, which decides who sees it. */
export type Use =
  | { kind: 'none' }
  | { kind: 'profile'; accountId: string }
  | { kind: 'message'; messageId: string; roomId: string; seq: number }
  /** Of a domain: its logo, the picture of its sign-in page. */
  | { kind: 'look'; domainId: string }

/**
 * PIC-1  A profile's picture is seen by everybody, a message's by those who may read it, any other by its owner alone. What a domain
 * looks like is seen before anybody is known.
 */
export const whoSees = (
  viewer: { accountId: string } | undefined,
  picture: { ownerId: string; use: Use },
): 'everybody' | 'owner' | 'readers' | 'nobody' => {
  if (picture.use.kind === 'look') return 'everybody'
  if (!viewer) return 'nobody'
  if (picture.use.kind === 'profile') return 'everybody'
  if (picture.use.kind === 'message') return 'readers'
  return picture.ownerId === viewer.accountId ? 'owner' : 'nobody'
}

/** PIC-2  What the bytes are decides, not what somebody says they are: these four kinds, and no other. */
export const typeOf: Record<string, Picture['type'] | undefined> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
}

/** PIC-3  Neither more bytes nor more points than a screen and a browser's memory can bear. */
export const isTooLarge = ({ width, height, bytes }: { width: number; height: number; bytes: number }): boolean =>
  bytes > maxPictureBytes || width > 16_384 || height > 16_384 || width * height > 64_000_000

/** PIC-4  A picture is used once, by its owner. */
export const isFree = (picture: { use: Use }): boolean => picture.use.kind === 'none'

/** PIC-5  What was not used for a day is swept away. */
export const unusedLivesMs = 24 * 60 * 60 * 1_000

// PIC-6 (where, when and with what a picture was taken is nobody's business: only what is drawn is kept) is `clean/`.
