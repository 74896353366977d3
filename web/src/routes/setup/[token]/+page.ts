import { language } from '#lib/i18n/index.ts'

/** Refusals of what one signs in with are said here. */
export const load = () => language.also('me')
