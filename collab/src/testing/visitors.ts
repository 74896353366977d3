import { afterEach } from 'vitest'
import { person, type DocumentNode, type PersonOptions, type TestPerson } from './index.ts'
import type { FileId } from '@atrium/protocol'

/** Says how people come to a node: they are gone when the test is over. */
export function visitors(node: () => DocumentNode): (fileId: FileId, options?: PersonOptions) => TestPerson {
  const there: TestPerson[] = []
  afterEach(() => {
    for (const one of there.splice(0)) one.leave()
  })
  return (fileId, options) => {
    const one = person(node(), fileId, options)
    there.push(one)
    return one
  }
}
