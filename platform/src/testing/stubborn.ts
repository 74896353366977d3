// A process of a hub whose only service lets nothing go when it is told to: for tests of how a process ends all the same.
import { run } from '../service.ts'

const never = () => new Promise<void>(() => {})

await run(
  { server: async () => ({ start: async () => ({ drain: never, stop: never }) }) },
  { onReady: ({ url }) => void process.stdout.write(`${url}\n`) },
)
