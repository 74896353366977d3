import type { Handlers } from '@atrium/platform'
import type { search as contract } from '@atrium/protocol'
import { searchService, type SearchDeps } from './service.ts'

export type { SearchDeps } from './service.ts'
export { forget, index, type SearchTables } from './store.ts'

export function search(deps: SearchDeps) {
  const service = searchService(deps)
  const handlers: Handlers<typeof contract> = { 'search.messages': service.messages }
  return { handlers }
}
