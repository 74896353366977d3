import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where a program lies, or undefined: servers are in /usr/sbin, which is not on everybody's path. */
export function found(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The last release of the server; its repository is archived. `test/run` builds it where Go is at hand, outside the checkout. */
export const minioVersion = 'v0.0.0-20260212201848-7aac2a2c5b7c'
export const minioFile = () => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'atrium', `minio-${minioVersion}`, 'minio')
export const minioProgram = () => (isExecutable(minioFile()) ? minioFile() : found('minio'))
