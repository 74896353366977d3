import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { found } from '@atrium/platform/testing/programs'
import { freePort, program } from '../servers/program.ts'
import { answers } from '../servers/redis.ts'

export interface ProxyPlan {
  /** `127.0.0.1:8080`, or `443 ssl` with the certificate named. */
  listen: string
  /** The `server` processes, as host:port. */
  servers: string[]
  certificate?: { file: string; keyFile: string }
}

/**
 * The part of an nginx configuration that stands before several `server` processes. Any of them serves any request: it is
 * sticky by nothing. None is ever counted out: one that is down refuses at once and the next is asked, while a memory of
 * failures would refuse everybody for a second when all of them were just started anew. A hub believes it if its address is
 * in ATRIUM_TRUSTED_PROXIES.
 */
export const siteOf = ({ listen, servers, certificate }: ProxyPlan) => `
upstream atrium {
${servers.map((server) => `  server ${server} max_fails=0;`).join('\n')}
  keepalive 64;
}
map $http_upgrade $atrium_connection {
  default upgrade;
  ''      '';
}
server {
  listen ${listen};
${certificate ? `  ssl_certificate ${certificate.file};\n  ssl_certificate_key ${certificate.keyFile};\n` : ''}
  client_max_body_size 0;        # the hub has its own limits, by ticket
  location / {
    proxy_pass http://atrium;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $atrium_connection;
    proxy_request_buffering off; # uploads reach the hub while they come
    proxy_buffering off;         # so do downloads, the other way
    proxy_connect_timeout 2s;
    proxy_read_timeout 1h;       # a socket may be silent for as long as its ping allows; the hub ends dead ones
    proxy_send_timeout 1h;
    proxy_next_upstream error timeout;
  }
}
`

/** A real nginx on loopback, in its own folder. */
export async function nginx(servers: string[], options: { port?: number } = {}) {
  const command = found('nginx')
  if (!command) throw new Error('needs nginx')
  const folder = await mkdtemp(join(tmpdir(), 'atrium-nginx-'))
  const port = options.port ?? (await freePort())
  for (const name of ['body', 'proxy', 'other']) await mkdir(join(folder, name))
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr warn;
events { worker_connections 16384; }
worker_rlimit_nofile 40000;
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/other;
  uwsgi_temp_path ${folder}/other;
  scgi_temp_path ${folder}/other;
${siteOf({ listen: `127.0.0.1:${port}`, servers })}
}
`,
  )
  const running = await program('nginx', command, ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], {
    isReady: () => answers(port),
  })
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: running.pid,
    output: running.output,
    async stop(signal: NodeJS.Signals = 'SIGTERM') {
      await running.stop(signal)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
