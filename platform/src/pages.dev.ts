import type { Server } from 'node:http'
import { dirname, join } from 'node:path'
import type { RequestHandler } from 'express'

/** What is used of the build tool: a dependency of the client's workspace, loaded only while developing. */
interface BuildTool {
  createServer(options: object): Promise<{ middlewares: RequestHandler }>
}

/** While developing the client comes from its build tool, on the same port, with hot reload over the same server. */
export async function developmentPages(webDir: string, server: Server): Promise<RequestHandler> {
  const root = dirname(webDir)
  const tool: BuildTool = await import('vite' as string)
  // `ws: false` would end hot reload as well: its sockets come in by the protocol name that http.ts lets through.
  const { middlewares } = await tool.createServer({
    root,
    configFile: join(root, 'vite.config.ts'),
    server: { middlewareMode: true, hmr: { server } },
  })
  return middlewares
}
