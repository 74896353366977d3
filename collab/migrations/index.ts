import { documentTables } from './0001_documents.ts'

/** Forward only, in the order of their names. */
export const migrations = { collab_0001_documents: documentTables }
