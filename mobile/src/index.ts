import { takeOver } from './words.ts'

/**
 * Installs the worker and says when a newer one waits: a page is never changed under somebody's hands. `ready` gets a
 * function that puts the new version in place and loads the page anew.
 */
export async function installWorker(container: ServiceWorkerContainer, ready: (use: () => void) => void): Promise<void> {
  const registration = await container.register('/service-worker.js', { type: 'module', updateViaCache: 'none' })
  let isAsked = false

  const tell = (waiting: ServiceWorker) =>
    ready(() => {
      isAsked = true
      waiting.postMessage(takeOver)
    })
  const watch = (installing: ServiceWorker | null) =>
    installing?.addEventListener('statechange', () => {
      // The very first worker has nothing to replace.
      if (installing.state === 'installed' && container.controller) tell(installing)
    })

  container.addEventListener('controllerchange', () => isAsked && location.reload())
  registration.addEventListener('updatefound', () => watch(registration.installing))
  watch(registration.installing)
  if (registration.waiting && container.controller) tell(registration.waiting)
}
