// Loads all that a hub consists of and runs nothing of it: what Node compiles on the way is there at the first start.
import { enableCompileCache, flushCompileCache } from 'node:module'
import { compiled } from './prepare.mjs'

enableCompileCache(compiled)
await Promise.all(['@atrium/platform', '@atrium/sfu', '@atrium/collab', '../server/src/service.ts'].map((name) => import(name)))
flushCompileCache()
process.exit()
