import { serveShell } from '@atrium/mobile/service-worker'
import { version } from '$app/env'
import { assets, immutable } from '$app/manifest'
import { self } from '$app/service-worker'

const address = ({ path }: { path: string }) => new URL(path, `${self.location.origin}/`).pathname
serveShell(self, { version, immutable: immutable.map(address), assets: assets.map(address) })
