// `npm run build`: the web client, built if it is missing or other than its sources.
import { buildClient, install, say, Sorry } from './prepare.mjs'

try {
  await install()
  await buildClient()
} catch (error) {
  if (!(error instanceof Sorry)) throw error
  say(error.message)
  process.exitCode = 1
}
