// Loaded before a program (`node --import`): says on its standard output which packages the program loads.
import { registerHooks } from 'node:module'
import { writeSync } from 'node:fs'

const seen = new Set<string>()

registerHooks({
  load(url, context, next) {
    const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url)?.[1]
    if (name && !seen.has(name)) {
      seen.add(name)
      writeSync(1, `loaded ${name}\n`)
    }
    return next(url, context)
  },
})
