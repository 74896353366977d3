import { expect, test } from 'vitest'
import { partsOf } from './finding.ts'

test('what one pastes or types is taken apart into addresses and names, and nothing of it is lost', () => {
  expect(partsOf('Ada Lindqvist <Ada@Saltmarsh.example>; noor\nbob@far.example  rose@saltmarsh.example.\n\n')).toEqual([
    'ada@saltmarsh.example',
    'noor',
    'bob@far.example',
    'rose@saltmarsh.example',
  ])
  expect(partsOf(' Noor de Vries ')).toEqual(['Noor de Vries'])
  expect(partsOf(' , ')).toEqual([])
})
