/** What only some pages say travels with them: the messages of `web/messages/<part>.<language>.json`. */
export const parts = ['refusals', 'about', 'me', 'people', 'meetings', 'files', 'documents', 'administration'] as const
export type Part = (typeof parts)[number]
