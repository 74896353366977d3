import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** The numbers of this process. Cheap enough to be always on: counting costs well under a microsecond. */
export function metrics() {
  const registry = new Registry()
  const registers = [registry]
  return {
    operationSeconds: new Histogram({
      name: 'atrium_operation_seconds',
      help: 'How long operations took, by name and outcome.',
      labelNames: ['operation', 'code'] as const,
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    sockets: new Gauge({ name: 'atrium_sockets', help: 'Connected sockets.', registers }),
    journalLag: new Gauge({
      name: 'atrium_journal_lag',
      help: 'Facts that the bus lost and the journal brought, in the last look.',
      registers,
    }),
    mediaConsumers: new Gauge({ name: 'atrium_media_consumers', help: 'Media streams sent to somebody.', registers }),
    docsOpen: new Gauge({ name: 'atrium_docs_open', help: 'Documents loaded.', registers }),
    blobsRemoved: new Counter({ name: 'atrium_blobs_removed_total', help: 'Blobs that no row named, removed.', registers }),
    blobsLost: new Gauge({
      name: 'atrium_blobs_lost',
      help: 'Rows whose blob was gone in the last look, by whichever process took it.',
      registers,
    }),
    endings: new Counter({
      name: 'atrium_endings_total',
      help: 'Connections that ended, by kind and reason.',
      labelNames: ['kind', 'reason'] as const,
      registers,
    }),
    /** The text that Prometheus reads. Process figures are taken when it asks. */
    async render(): Promise<{ type: string; text: string }> {
      return { type: registry.contentType, text: `${await registry.metrics()}${processFigures()}` }
    },
  }
}
export type Metrics = ReturnType<typeof metrics>

/** prom-client's own set keeps timers and observers running; these few cost nothing until somebody looks. */
function processFigures(): string {
  const { rss, heapUsed } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  return [
    ['process_resident_memory_bytes', 'gauge', rss],
    ['process_heap_used_bytes', 'gauge', heapUsed],
    ['process_cpu_seconds_total', 'counter', (user + system) / 1e6],
    ['process_uptime_seconds', 'gauge', process.uptime()],
  ]
    .map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`)
    .join('')
}
