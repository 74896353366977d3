import { readFile, readdir, readlink } from 'node:fs/promises'

/** The sentence for a port that cannot be had: what is wrong, whom to ask, what else to do. */
export async function whyNotListening(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Promise<Error> {
  if (error.code === 'EADDRINUSE') {
    const holder = await holderOf(port)
    const who = holder
      ? `process ${holder.pid} (${holder.command})`
      : `another program; \`lsof -i :${port}\` run by an administrator says which`
    return new Error(`Port ${port} is taken by ${who}. Stop it, or choose another port: --port ${port + 1}`, { cause: error })
  }
  if (error.code === 'EACCES')
    return new Error(`This user may not listen on port ${port}. Choose one above 1023 (--port 3000), or put a proxy in front.`, {
      cause: error,
    })
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new Error(`${host} is no address of this machine. Choose one that is, or 0.0.0.0 for all of them (--host).`, { cause: error })
  return error
}

/** Who listens on a port, as far as Linux tells this user. */
async function holderOf(port: number): Promise<{ pid: number; command: string } | undefined> {
  const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')))
  const listening = '0A'
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = tables
    .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
    .filter((columns) => columns[1]?.endsWith(`:${wanted}`) && columns[3] === listening)
    .map((columns) => `socket:[${columns[9]}]`)
  if (inodes.length === 0) return undefined

  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
    const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
    if (!targets.some((target) => inodes.includes(target))) continue
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').filter(Boolean).join(' ')
    return { pid: Number(pid), command: command.slice(0, 120) || 'unknown' }
  }
  return undefined
}
