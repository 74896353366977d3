/** Short: three fixed seeds and a few seconds each. `npm run faults` sets these to new seeds and longer. */
export const seeds = (process.env['ATRIUM_FAULT_SEEDS'] ?? '11,22,33').split(',').map(Number)
export const forMs = Number(process.env['ATRIUM_FAULT_MS'] ?? 3_000)
export const isLong = process.env['ATRIUM_FAULT_MS'] !== undefined
/** A time beyond five times its line fails; below, it is only printed: the machine may be busy. */
export const patience = 5
