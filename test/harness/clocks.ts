import { globSync } from 'node:fs'

const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
export const clockMissing = library ? undefined : 'libfaketime (Debian: apt-get install faketime)'

/** For a process that reads from this file what its clock is wrong by, in seconds: `+5`. Nothing where clocks cannot be made wrong. */
export const clockEnv = (file: string): Record<string, string> =>
  library ? { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' } : {}
