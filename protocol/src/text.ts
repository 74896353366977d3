import { z } from 'zod'

// PostgreSQL stores no NUL, and a lone surrogate is no text: refused at the door, or it would be an `internal` later.
const isText = (text: string) => !text.includes('\0') && text.isWellFormed()

/** Several lines, as somebody wrote them. `max` counts UTF-16 units. */
export const text = (max: number) => z.string().trim().min(1).max(max).refine(isText, 'not_text')
export const optionalText = (max: number) => z.string().trim().max(max).refine(isText, 'not_text')

/** As it was typed, spaces at its ends included. */
export const verbatim = (max: number) => z.string().max(max).refine(isText, 'not_text')

/** One line: a name, a title. Any script and any emoji; line breaks and control characters become spaces. */
export const line = (max: number) => text(max).transform((name) => name.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' '))
export const optionalLine = (max: number) => optionalText(max).transform((name) => name.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' '))

/** A mail address, lower case. RFC 5321 4.5.3.1: at most 254. */
export const Address = z.string().trim().toLowerCase().max(254).pipe(z.email())
/** How long it must be is the policy of its owner. */
export const Password = z.string().min(8).max(1_000).refine(isText, 'not_text')
/** 300 emoji of the usual size fit. */
export const name = line(1_200)
