import type { Face } from './portraits.ts'

export const organisation = { name: 'Saltmarsh Boatworks', domain: 'saltmarsh.example' }

export interface Member {
  key: string
  name: string
  title: string
  department: string
  office: string
  isAdministrator?: true
  /** May be signed in with; all others have passwords that nobody knows. */
  password?: string
  face: Face
}

const grounds = { sea: '#b9cdd6', sand: '#e0c3a8', reed: '#c8d3b0', dusk: '#d8c8de' }

export const members: readonly Member[] = [
  {
    key: 'ada',
    name: 'Ada Lindqvist',
    title: 'Yard manager',
    department: 'Yard office',
    office: 'Gatehouse, upstairs',
    isAdministrator: true,
    password: 'lantern over the slipway',
    face: { ground: grounds.sea, skin: '#f3d3b5', hair: '#8a8f96', cut: 'bun', coat: '#2f6f6a' },
  },
  {
    key: 'kwame',
    name: 'Kwame Mensah',
    title: 'Naval architect',
    department: 'Drawing office',
    office: 'Gatehouse, loft',
    password: 'nine knots against the tide',
    face: { ground: grounds.sand, skin: '#6b432d', hair: '#1b1512', cut: 'short', coat: '#27405c', beard: true },
  },
  {
    key: 'priya',
    name: 'Priya Raman',
    title: 'Project lead, ferry Tern',
    department: 'Drawing office',
    office: 'Gatehouse, loft',
    face: { ground: grounds.reed, skin: '#b97a52', hair: '#20160f', cut: 'long', coat: '#8c3f2e', glasses: true },
  },
  {
    key: 'noor',
    name: 'Noor Haddad',
    title: 'Electrical systems',
    department: 'Fitting out',
    office: 'Shed 2',
    face: { ground: grounds.dusk, skin: '#d9a27a', hair: '#2f6f6a', cut: 'scarf', coat: '#384a5c' },
  },
  {
    key: 'tomas',
    name: 'Tomás Rivera',
    title: 'Boatbuilder',
    department: 'Hulls',
    office: 'Slip 1',
    face: { ground: grounds.sea, skin: '#c98a5e', hair: '#27405c', cut: 'cap', coat: '#8c5a2e' },
  },
  {
    key: 'yuki',
    name: '田辺 雪 Yuki Tanabe',
    title: 'Structures',
    department: 'Drawing office',
    office: 'Gatehouse, loft',
    face: { ground: grounds.reed, skin: '#edc09a', hair: '#141414', cut: 'bob', coat: '#56457a' },
  },
  {
    key: 'oleg',
    name: 'Oleg Baran',
    title: 'Welding',
    department: 'Hulls',
    office: 'Shed 1',
    face: { ground: grounds.sand, skin: '#f0c8a4', hair: '#7a5230', cut: 'bald', coat: '#44525c', beard: true },
  },
  {
    key: 'ingrid',
    name: 'Ingrid Sølheim',
    title: 'Interiors',
    department: 'Fitting out',
    office: 'Shed 2',
    face: { ground: grounds.dusk, skin: '#f3cdb0', hair: '#c2773a', cut: 'tail', coat: '#2f6f6a' },
  },
  {
    key: 'henrik',
    name: 'Henrik Voß',
    title: 'Purchasing',
    department: 'Yard office',
    office: 'Gatehouse',
    face: { ground: grounds.reed, skin: '#efc6a6', hair: '#b08a58', cut: 'short', coat: '#5c4630', glasses: true },
  },
  {
    key: 'malia',
    name: 'Malia Kahale',
    title: 'Paint and finish',
    department: 'Fitting out',
    office: 'Paint shed',
    face: { ground: grounds.sea, skin: '#a8694a', hair: '#20160f', cut: 'curls', coat: '#b4533c' },
  },
  {
    key: 'emil',
    name: 'Emil Ström',
    title: 'Apprentice',
    department: 'Hulls',
    office: 'Slip 1',
    face: { ground: grounds.sand, skin: '#f3d3b5', hair: '#d0a24f', cut: 'curls', coat: '#3f6d78' },
  },
  {
    key: 'salma',
    name: 'Salma Idrissi',
    title: 'Accounts',
    department: 'Yard office',
    office: 'Gatehouse',
    face: { ground: grounds.dusk, skin: '#c98f66', hair: '#3b2a20', cut: 'bob', coat: '#27405c', glasses: true },
  },
]
/** Added yesterday, and not here yet. */
export const newcomer = { name: 'Ben Whitlock', title: 'Rigger' }

/** Given name and surname, as they are written in Latin letters. */
export function namesOf(name: string): { given: string; surname: string } {
  const [surname = '', given = ''] = name.split(' ').toReversed()
  return { given, surname }
}

/** `kwame.mensah@…`, from the name as it is written in Latin letters. */
export const addressOf = (name: string): string => {
  const latin = name
    .replaceAll('ß', 'ss')
    .replaceAll(/[øØ]/g, 'o')
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z ]/g, '')
    .trim()
    .toLowerCase()
  return `${latin.replaceAll(/\s+/g, '.')}@${organisation.domain}`
}
