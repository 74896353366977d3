import { compile } from '@inlang/paraglide-js'
import { messages } from '../paraglide.config.ts'

await compile(messages)
// The compiler's own timers would hold the process for half a minute.
process.exit(0)
