import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { dispatcher, type Actor, type Call, type House } from '@atrium/platform'
import {
  accounts,
  auth,
  chat,
  directory,
  meetings,
  pictures,
  type AccountId,
  type Draft,
  type MessageId,
  type OperationName,
  type Output,
  type PictureId,
  type RoomId,
  type Seq,
} from '@atrium/protocol'
import { hashingPool, setupLink } from '../auth/index.ts'
import { mailJob, slices, type Grounds } from '../slices.ts'
import { conversations, type Conversation, type Line } from './script.ts'
import { addressOf, members, namesOf, newcomer, organisation, type Member } from './people.ts'
import { portrait } from './portraits.ts'
import { momentOf } from './time.ts'

const contract = {
  ...{ ...directory, ...auth, ...pictures, ...chat },
  'accounts.change': accounts['accounts.change'],
  'meetings.create': meetings['meetings.create'],
}
type Contract = typeof contract
export interface SignIn {
  name: string
  address: string
  password: string
}
/** Everything but the chance to set a clock back. */
export type DemoHouse = Grounds & Pick<House, 'db'>

const signIns: SignIn[] = members.flatMap(({ name, password }) => (password ? [{ name, address: addressOf(name), password }] : []))
const dayMs = 86_400_000

/**
 * Fills an empty hub with a sample organisation, through the same commands that people use, at the times at which they
 * would have. Once: a hub that has it only says again who can sign in; one that is somebody's own is refused.
 */
export async function fillDemo(house: DemoHouse): Promise<SignIn[]> {
  const link = await setupLink(house)
  if (!link) {
    if (await isDemo(house)) return signIns
    throw new Error('This hub belongs to an organisation already: the sample is for an empty data folder (ATRIUM_DATA).')
  }
  const stage = await stageOf(house)
  try {
    const cast = await engage(stage, link.path.split('/').at(-1)!)
    await play(stage, cast)
    for (const person of cast.values()) await person.call('auth.signOut', {})
  } finally {
    await stage.close()
  }
  return signIns
}

async function isDemo({ db }: DemoHouse): Promise<boolean> {
  const row = await db.selectFrom('organisation').select('domain').executeTakeFirst()
  return row?.domain === organisation.domain
}

type Stage = Awaited<ReturnType<typeof stageOf>>
type Actress = ReturnType<Stage['person']>

/** The slices once more, with a clock that can be set: what happens here happened weeks ago. */
async function stageOf(house: DemoHouse) {
  const { jobs, log } = house
  const hashing = hashingPool()
  const clock = { at: house.now() }
  const hub = slices({
    ...house,
    hashing,
    origin: 'http://localhost',
    source: '',
    streamTo: [],
    quotaBytes: 2 ** 40,
    now: () => clock.at,
    jobs: {
      ...jobs,
      // Nobody is written to, and what is put off is put off from today: the past has no use for it.
      enqueue: async (tx, kind, payload) =>
        kind === mailJob ? undefined : jobs.enqueue(tx, kind, payload, { runAt: new Date(house.now().getTime() + dayMs) }),
    },
  })
  const { 'search.messages': _, ...handlers } = hub.handlers
  const dispatch = dispatcher<Contract>(contract, handlers, hub.nudges, { throttle: { take: () => 0 }, authority: hub.authority, log })

  function person() {
    let actor: Actor | undefined
    let secret: string | undefined
    return {
      id: '' as AccountId,
      name: '',
      async call<K extends OperationName<Contract>>(
        operation: K,
        said: Omit<Draft<Contract, K>, 'clientId'>,
      ): Promise<Output<Contract, K>> {
        const call: Call = {
          door: 'http',
          source: '127.0.0.1',
          userAgent: 'Atrium demo',
          requestId: house.newId(),
          session: { begin: (begun) => void (secret = begun), end() {} },
        }
        const input = contract[operation].kind === 'command' ? { clientId: house.newId(), ...said } : said
        const reply = await dispatch(actor, operation, input, call)
        if (!reply.ok) throw new Error(`The demo could not ${operation}: ${JSON.stringify(reply.error)}`)
        return reply.data as Output<Contract, K>
      },
      /** From here on, commands are theirs. */
      async entered(): Promise<void> {
        actor = secret === undefined ? undefined : await hub.sessions.sessionOf(secret)
      },
      async upload(png: Buffer): Promise<PictureId> {
        const { id, path } = await this.call('pictures.begin', { type: 'image/png', bytes: png.length })
        await hub.images.receive(actor!, path.slice('/upload/'.length), Readable.from([png]))
        return id
      },
    }
  }
  return { clock, now: house.now(), person, close: () => hashing.close() }
}

/** Everybody is added, comes in, and puts up a picture. */
async function engage(stage: Stage, setupToken: string): Promise<Map<string, Actress>> {
  const cast = new Map<string, Actress>()
  const secret = ({ password }: Member) => password ?? randomBytes(24).toString('base64url')
  stage.clock.at = momentOf([18, '09:00'], stage.now)
  for (const member of members) {
    const { key, name, title, department, office, face } = member
    const founder = cast.get(members[0]!.key)
    const person = stage.person()
    const draft = { name, title, address: addressOf(name), isAdministrator: member.isAdministrator ?? false }
    const came = founder
      ? await person.call('auth.invitation.accept', {
          token: (await founder.call('directory.person.add', draft)).invitation.path.split('/').at(-1)!,
          password: secret(member),
        })
      : await person.call('setup.finish', {
          token: setupToken,
          organisation: organisation.name,
          domain: organisation.domain,
          name,
          address: draft.address,
          password: secret(member),
        })
    if (!('accountId' in came)) throw new Error(`${name} cannot come in.`)
    const { accountId } = came
    await person.entered()
    await person.call('directory.profile.change', { title, picture: await person.upload(portrait(face)) })
    // Numbers that nobody has: Ofcom keeps them free for stories.
    const profile = { company: organisation.name, department, office, phoneWork: `+44 1632 96${String(cast.size + 10).padStart(4, '0')}` }
    await (founder ?? person).call('accounts.change', { accountId, ...namesOf(name), profile })
    cast.set(key, Object.assign(person, { id: accountId, name }))
  }
  await cast.get(members[0]!.key)!.call('directory.person.add', { ...newcomer, address: addressOf(newcomer.name) })
  return cast
}

interface Scene {
  conversation: Conversation
  roomId: RoomId
  lines: { id: MessageId; seq: Seq; line: Line }[]
}

/** All rooms are opened, then all lines are said in the order of time, whatever their room. */
async function play(stage: Stage, cast: Map<string, Actress>): Promise<void> {
  const scenes = new Map<Conversation, Scene>()
  stage.clock.at = momentOf([17, '07:30'], stage.now)
  for (const conversation of conversations)
    scenes.set(conversation, { conversation, roomId: await openRoom(cast, conversation), lines: [] })

  const cues = conversations.flatMap((conversation) =>
    conversation.lines.map((line) => ({ line, scene: scenes.get(conversation)!, at: momentOf(line.when, stage.now) })),
  )
  for (const { line, scene, at } of cues.toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
    stage.clock.at = at
    await say(cast, scene, line, (seconds) => (stage.clock.at = new Date(Math.min(at.getTime() + seconds * 1_000, stage.now.getTime()))))
  }
  stage.clock.at = stage.now
  for (const scene of scenes.values()) await leaveBehind(cast, scene)
}

const peopleIn = (cast: Map<string, Actress>, { by, with: others }: Conversation): string[] =>
  others === 'everyone' ? [...cast.keys()] : [by, ...others]

async function openRoom(cast: Map<string, Actress>, conversation: Conversation): Promise<RoomId> {
  const { by, name, about = '' } = conversation
  if (conversation.isMeeting) return openMeeting(cast, conversation)
  const memberIds = peopleIn(cast, conversation).flatMap((key) => (key === by ? [] : [cast.get(key)!.id]))
  const owner = cast.get(by)!
  const entry =
    name === undefined
      ? await owner.call('chat.direct', { accountId: memberIds[0]! })
      : await owner.call('chat.room.create', { name, about, memberIds })
  return entry.room.id
}

/** A room with a link, for those who are no members of anything. */
async function openMeeting(cast: Map<string, Actress>, conversation: Conversation): Promise<RoomId> {
  const host = cast.get(conversation.by)!
  const { roomId } = await host.call('meetings.create', { title: conversation.name! })
  const accountIds = peopleIn(cast, conversation).flatMap((key) => (key === conversation.by ? [] : [cast.get(key)!.id]))
  await host.call('chat.room.invite', { roomId, accountIds })
  return roomId
}

async function say(cast: Map<string, Actress>, scene: Scene, line: Line, wait: (seconds: number) => void): Promise<void> {
  const who = cast.get(line.who)!
  const mentioned = [...line.says.matchAll(/@([a-z]+)\b/g)].flatMap(([, key]) => cast.get(key!) ?? [])
  const body = line.says.replaceAll(/@([a-z]+)\b/g, (sign, key: string) => (cast.has(key) ? `@${cast.get(key)!.name}` : sign))
  const answered = line.answers === undefined ? undefined : scene.lines.find((said) => said.line.as === line.answers)
  const message = await who.call('chat.send', {
    roomId: scene.roomId,
    body,
    replyTo: answered?.id ?? null,
    mentions: mentioned.map(({ id }) => id),
    pictures: line.picture ? [await who.upload(line.picture())] : [],
  })
  scene.lines.push({ id: message.id, seq: message.seq, line })

  let after = 20
  for (const [emoji, keys] of Object.entries(line.reacted ?? {}))
    for (const key of keys) {
      wait((after += 15))
      await cast.get(key)!.call('chat.react', { messageId: message.id, emoji, isOn: true })
    }
}

/** Everybody has read everything, except what is to be found unread. */
async function leaveBehind(cast: Map<string, Actress>, { conversation, roomId, lines }: Scene): Promise<void> {
  for (const key of peopleIn(cast, conversation)) {
    const last = lines.at(-1 - (conversation.unread?.[key] ?? 0))
    if (last) await cast.get(key)!.call('chat.read', { roomId, read: last.seq })
  }
  if (conversation.isArchived) await cast.get(conversation.by)!.call('chat.room.change', { roomId, isArchived: true })
}
