/** The SHA-256 of a file, hexadecimal; undefined where it can be read no more. */
export function sha256Of(file: Blob, signal: AbortSignal): Promise<string | undefined> {
  const worker = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' })
  return new Promise<string | undefined>((resolve) => {
    worker.addEventListener('message', ({ data }: MessageEvent<{ sha256?: string }>) => resolve(data.sha256))
    worker.addEventListener('error', () => resolve(undefined))
    signal.addEventListener('abort', () => resolve(undefined))
    worker.postMessage(file)
  }).finally(() => worker.terminate())
}
