import type { Handlers } from '@atrium/platform'
import type { documents as contract } from '@atrium/protocol'
import { documentsService, type DocumentsDeps } from './service.ts'

export { documentNodes, type DocumentNodes } from './nodes.ts'
export type { DocumentsDeps } from './service.ts'
export type Papers = ReturnType<typeof documents>

export function documents(deps: DocumentsDeps) {
  const service = documentsService(deps)
  const handlers: Handlers<typeof contract> = {
    'documents.open': service.open,
    'documents.versions': service.versions,
    'documents.version.read': service.read,
    'documents.version.save': service.save,
    'documents.version.name': service.name,
    'documents.version.restore': service.restore,
  }
  return { handlers, admit: service.admit }
}
