import assert from 'node:assert/strict'
import { test } from 'vitest'
import { withHouse, type House, type Someone } from './testing/house.ts'

let here: House
let ada: Someone
let bob: Someone
let carol: Someone
withHouse((house) => {
  here = house
  ;({ ada, bob, carol } = here)
})
const namesOf = (view: { participants: { name: string }[] }) => view.participants.map(({ name }) => name).sort()

test('[MEET-1] [MEET-9] members come straight in; the owner hosts, and so does who began', async () => {
  const { meeting } = await here.garden(bob, carol)
  const first = await here.knock(ada, meeting)
  assert.deepEqual([first.state, first.isHost, first.kind], ['admitted', true, 'person'])
  const second = await here.knock(bob, meeting)
  assert.deepEqual([second.state, second.isHost], ['admitted', false])

  const { room } = await ada.call('chat.room.create', { name: 'Shed', memberIds: [bob.accountId] })
  const begun = await bob.call('meetings.start', { roomId: room.id })
  assert.equal((await here.knock(bob, begun)).isHost, true)
  assert.equal((await ada.call('meetings.list', {})).meetings.find(({ id }) => id === begun.id)?.sitting?.inside, 1)
})

test('[MEET-1] whoever may not start meetings does not begin one by its link either, and comes in once somebody has', async () => {
  const dora = await here.colleague(ada, 'Dora')
  await ada.call('accounts.values', { accountId: dora.accountId, values: { 'meetings.mayStart': false } })
  const meeting = await ada.call('meetings.create', { title: 'Tide' })
  await ada.call('chat.room.invite', { roomId: meeting.roomId, accountIds: [dora.accountId] })
  const refused = await dora.refusal('meetings.knock', { meetingId: meeting.id, slug: meeting.slug })
  assert.deepEqual([refused.code, refused.key], ['forbidden', 'meetings.mayNotStart'])
  await here.knock(ada, meeting)
  assert.equal((await here.knock(dora, meeting)).state, 'admitted')
})

test('[MEET-1] [MEET-6] a guest waits, and hears nothing until a host says yes', async () => {
  const { meeting, meetingId, roomId } = await here.garden(bob)
  const host = await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  const own = here.hear(`account:${guest.accountId}`)
  const inside = here.hear(`meeting:${meetingId}`)
  const hosts = here.hear(`hosts:${meetingId}`)

  const waiting = await here.knock(guest, meeting)
  assert.deepEqual([waiting.state, waiting.name, waiting.kind, waiting.isHost], ['waiting', 'Gwen', 'guest', false])
  assert.deepEqual(
    [await here.spans(guest, meetingId), await here.spans(ada, meetingId), await here.spans(bob, meetingId)],
    [[], ['hosts', 'meeting'], []],
  )
  assert.deepEqual(
    [inside.length, hosts.map(({ name, payload }) => [name, (payload as typeof waiting).id])],
    [0, [['meetings.knock.changed', waiting.id]]],
  )
  assert.equal((await guest.refusal('meetings.enter', { participantId: waiting.id })).code, 'forbidden')
  assert.equal((await guest.refusal('meetings.view', { meetingId })).code, 'forbidden')
  assert.equal((await guest.refusal('chat.open', { roomId })).code, 'not_found')
  assert.equal((await ada.call('meetings.view', { meetingId })).waiting[0]?.name, 'Gwen')

  const [admitted] = await ada.call('meetings.admit', { meetingId, participantIds: [waiting.id] })
  assert.equal(admitted?.state, 'admitted')
  assert.deepEqual(await here.spans(guest, meetingId), ['meeting'])
  assert.deepEqual(
    own.filter(({ name }) => name === 'meetings.mine.changed').map(({ payload }) => (payload as typeof waiting).state),
    ['waiting', 'admitted'],
  )
  const { view, ticket } = await guest.call('meetings.enter', { participantId: waiting.id })
  assert.deepEqual([namesOf(view), view.waiting, view.hasChat, view.me.id], [['Ada Lindqvist', 'Gwen'], [], true, waiting.id])
  assert.ok(
    view.people.every(({ address }) => address === null),
    'how to write to people is no guest’s business',
  )
  assert.ok(ticket.length > 100)
  // Again is the same.
  assert.deepEqual((await ada.call('meetings.admit', { meetingId, participantIds: [waiting.id] }))[0]?.state, 'admitted')
  assert.equal((await here.knock(guest, meeting)).id, waiting.id)
  assert.notEqual(host.id, waiting.id)
})

test('what is told from admission on is heard, and nothing from before', async () => {
  const { meeting, meetingId } = await here.garden()
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  const inside = here.hear(`meeting:${meetingId}`)
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  const [span] = (await here.spansOf(guest, `meeting:${meetingId}`)).get(`meeting:${meetingId}`)!
  const admission = inside.find(({ name, payload }) => name === 'meetings.participant.changed' && (payload as { id: string }).id === id)
  assert.deepEqual(span, { from: admission!.seq, to: null })
  await guest.call('meetings.leave', { participantId: id })
  assert.deepEqual(await here.spans(guest, meetingId), [])
})

test('[MEET-8] who was denied may knock again, three times in a sitting', async () => {
  const { meeting, meetingId } = await here.garden()
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  for (let times = 1; times <= 3; times++) {
    const { id } = await here.knock(guest, meeting)
    assert.equal((await ada.call('meetings.deny', { meetingId, participantIds: [id] }))[0]?.state, 'denied')
    assert.equal((await guest.refusal('meetings.enter', { participantId: id })).code, 'forbidden')
  }
  assert.equal((await guest.refusal('meetings.knock', { meetingId })).key, 'meetings.deniedTooOften')
  await ada.call('meetings.end', { meetingId })
  await ada.call('meetings.start', { roomId: meeting.roomId })
  assert.equal((await here.knock(guest, meeting)).state, 'waiting')
})

test('[MEET-8] another browser is no other person: guests from one network share six denials in a sitting', async () => {
  const { meeting, meetingId } = await here.garden()
  await here.knock(ada, meeting)
  const from = async (source: string) => {
    const browser = here.somebody({ source })
    browser.accountId = (await browser.call('auth.guest', { slug: meeting.slug, name: 'Gwen' })).accountId
    return browser
  }
  for (let times = 1; times <= 6; times++) {
    const { id } = await here.knock(await from('198.51.100.7'), meeting)
    await ada.call('meetings.deny', { meetingId, participantIds: [id] })
  }
  assert.equal((await (await from('198.51.100.7')).refusal('meetings.knock', { meetingId })).key, 'meetings.deniedTooOften')
  assert.equal((await here.knock(await from('198.51.100.8'), meeting)).state, 'waiting', 'who comes from elsewhere is somebody else')
  await ada.call('meetings.end', { meetingId })
  await ada.call('meetings.start', { roomId: meeting.roomId })
  assert.equal((await here.knock(await from('198.51.100.7'), meeting)).state, 'waiting', 'another day is another day')
})

test('[MEET-2] a locked meeting lets nobody in, not even members, until it is opened or over', async () => {
  const { meeting, meetingId, roomId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  await ada.call('meetings.change', { meetingId, isLocked: true })
  assert.equal((await bob.refusal('meetings.knock', { meetingId })).key, 'meetings.isLocked')
  assert.equal((await ada.refusal('meetings.admit', { meetingId, participantIds: [id] })).key, 'meetings.isLocked')
  assert.equal((await bob.call('meetings.peek', { slug: meeting.slug })).entry, 'locked')
  assert.equal((await bob.refusal('meetings.change', { meetingId, isLocked: false })).key, 'meetings.onlyHosts')
  await ada.call('meetings.end', { meetingId })
  assert.equal((await ada.call('meetings.start', { roomId })).isLocked, false)
  assert.equal((await here.knock(bob, meeting)).state, 'admitted')
})

test('[MEET-3] [MEET-4] a link is good for its own meeting, and for guests only where they are let in', async () => {
  const { meeting, meetingId } = await here.garden()
  const other = await here.garden()
  const guest = await here.guest(meeting)
  assert.equal((await guest.refusal('meetings.knock', { meetingId: other.meetingId, slug: other.meeting.slug })).code, 'not_found')
  assert.equal((await guest.refusal('meetings.mine', { meetingId: other.meetingId })).code, 'not_found')
  assert.equal((await carol.refusal('meetings.knock', { meetingId })).code, 'not_found')
  assert.equal((await here.knock(carol, meeting)).state, 'waiting')

  await ada.call('meetings.change', { meetingId, guests: 'none' })
  assert.equal((await here.somebody().refusal('auth.guest', { slug: meeting.slug, name: 'Gus' })).key, 'meetings.noGuests')
  assert.equal((await guest.refusal('meetings.knock', { meetingId })).key, 'meetings.noGuests')
  assert.equal((await here.somebody().call('meetings.peek', { slug: meeting.slug })).entry, 'sign_in')
  assert.equal((await here.somebody().refusal('meetings.peek', { slug: 'zzzz-zzzz-zzzz' })).code, 'not_found')
  assert.equal((await carol.refusal('auth.guest', { slug: other.meeting.slug, name: 'Carol' })).key, 'auth.signedInAlready')
})

test('a guest is called what the host was told, for as long as they wait or are inside', async () => {
  const { meeting, meetingId } = await here.garden()
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting, 'Gwen')
  const says = (name: string) => guest.call('auth.guest', { slug: meeting.slug, name })
  const named = async () => (await guest.call('directory.me', {})).person.name
  await says('Gwendolyn')
  assert.equal(await named(), 'Gwendolyn')
  const { id } = await here.knock(guest, meeting)
  await says('Ada')
  assert.equal(await named(), 'Gwendolyn', 'a host was asked about her')
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  await says('Ada')
  assert.equal(await named(), 'Gwendolyn', 'a host let her in')
  await guest.call('meetings.leave', { participantId: id })
  await says('Gwen')
  assert.equal(await named(), 'Gwen')
})

test('what a link shows before anybody came in says never who is inside', async () => {
  const { meeting } = await here.garden(bob)
  await here.knock(bob, meeting)
  const peek = await here.somebody().call('meetings.peek', { slug: meeting.slug })
  assert.deepEqual(peek, {
    ...{ meetingId: meeting.id, title: 'Garden', organisation: 'Saltmarsh Boatworks' },
    ...{ entry: 'wait', isRunning: true, isRecorded: false },
  })
  assert.equal((await bob.call('meetings.peek', { slug: meeting.slug })).entry, 'open')
  assert.equal((await carol.call('meetings.peek', { slug: meeting.slug })).entry, 'wait')
})

test('[MEET-7] who was let in and left comes straight back; whom a host removed waits, members too', async () => {
  const { meeting, meetingId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  await guest.call('meetings.leave', { participantId: id })
  assert.equal((await here.knock(guest, meeting)).state, 'admitted')

  const member = await here.knock(bob, meeting)
  await bob.call('meetings.enter', { participantId: member.id })
  for (const participantId of [id, member.id]) await ada.call('meetings.remove', { meetingId, participantId })
  assert.equal((await guest.refusal('meetings.enter', { participantId: id })).key, 'meetings.notInside')
  assert.equal((await here.knock(guest, meeting)).state, 'waiting')
  assert.equal((await here.knock(bob, meeting)).state, 'waiting')
  assert.equal(
    (await ada.refusal('meetings.remove', { meetingId, participantId: (await here.knock(ada, meeting)).id })).key,
    'meetings.notYourself',
  )
  assert.deepEqual(
    here.node.told
      .filter(({ operation }) => operation === 'media.expel')
      .flatMap(({ input }) => input.participantIds)
      .includes(member.id),
    true,
  )
})

test('[CHAT-8] a guest sits in the room from admission to leaving, and reads what is said meanwhile', async () => {
  const { meeting, meetingId, roomId } = await here.garden(bob)
  await here.knock(ada, meeting)
  await ada.call('chat.send', { roomId, body: 'Before the guest came' })
  const guest = await here.guest(meeting, 'Gwen Guest')
  const { id } = await here.knock(guest, meeting)
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  await ada.call('chat.send', { roomId, body: 'Welcome' })
  const { view, people } = await guest.call('chat.open', { roomId })
  assert.deepEqual(
    view.messages.map(({ body }) => body),
    ['Welcome'],
  )
  await guest.call('chat.send', { roomId, body: 'Hello all' })
  assert.deepEqual((await ada.call('chat.open', { roomId })).people.find(({ kind }) => kind === 'guest')?.name, 'Gwen Guest')
  assert.ok(people.length > 0 && people.every(({ address }) => address === null))

  // Nobody else meets them.
  assert.equal((await ada.refusal('chat.direct', { accountId: guest.accountId })).code, 'not_found')
  assert.equal((await bob.refusal('chat.room.invite', { roomId, accountIds: [guest.accountId] })).code, 'not_found')
  assert.ok(!(await ada.call('directory.people', { search: 'Gwen' })).people.some(({ kind }) => kind === 'guest'))
  assert.equal((await guest.refusal('directory.people', {})).code, 'forbidden')
  assert.deepEqual((await guest.call('directory.me', {})).organisation.name, 'Saltmarsh Boatworks')

  await guest.call('meetings.leave', { participantId: id })
  await ada.call('chat.send', { roomId, body: 'After' })
  assert.equal((await guest.refusal('chat.open', { roomId })).code, 'not_found')
  assert.equal((await guest.refusal('chat.send', { roomId, body: 'Still here?' })).code, 'not_found')
  assert.deepEqual(
    (await guest.call('chat.history', { roomId, after: 0 })).messages.map(({ body }) => body),
    ['Welcome', 'Hello all'],
  )
})

test('[CHAT-10] a colleague without a seat is lent one, invites nobody, and is told when it becomes theirs', async () => {
  const { meeting, meetingId, roomId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const { id } = await here.knock(carol, meeting)
  await ada.call('meetings.admit', { meetingId, participantIds: [id] })
  const seat = async () => (await carol.call('chat.open', { roomId })).view.seat
  assert.deepEqual(await seat(), { role: 'member', isMuted: false, isLent: true })
  assert.equal((await carol.call('chat.rooms', {})).rooms.find(({ room }) => room.id === roomId)?.seat.isLent, true)
  assert.equal((await carol.refusal('files.room', { roomId })).code, 'not_found')
  for (const { accountId } of [carol, bob])
    assert.equal((await carol.refusal('chat.room.invite', { roomId, accountIds: [accountId] })).code, 'forbidden')
  assert.equal((await seat()).isLent, true)
  assert.equal((await carol.call('meetings.view', { meetingId })).isMember, false)

  const own = here.hear(`account:${carol.accountId}`)
  await ada.call('chat.room.invite', { roomId, accountIds: [carol.accountId] })
  assert.deepEqual(
    own.map(({ name, payload }) => [name, payload]),
    [['chat.seat.changed', { roomId, seat: { role: 'member', isMuted: false, isLent: false } }]],
  )
  await carol.call('files.room', { roomId })
  assert.equal((await carol.call('meetings.view', { meetingId })).isMember, true)
  await carol.call('meetings.leave', { participantId: id })
  assert.deepEqual(await seat(), { role: 'member', isMuted: false, isLent: false })
})

test('[CHAT-11] a direct room stays for two: its meeting has guests, its chat has none', async () => {
  const { room } = await ada.call('chat.direct', { accountId: bob.accountId })
  const meeting = await ada.call('meetings.start', { roomId: room.id })
  assert.deepEqual([(await here.knock(ada, meeting)).isHost, (await here.knock(bob, meeting)).isHost], [true, true])
  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  await bob.call('meetings.admit', { meetingId: meeting.id, participantIds: [id] })
  assert.equal((await guest.call('meetings.view', { meetingId: meeting.id })).hasChat, false)
  assert.equal((await guest.refusal('chat.open', { roomId: room.id })).code, 'not_found')
  assert.equal((await ada.call('chat.open', { roomId: room.id })).view.room.memberCount, 2)
})

test('a meeting with a link has a room of its own, which its maker owns', async () => {
  const meeting = await bob.call('meetings.create', { title: 'Talk with the harbour' })
  assert.match(meeting.slug, /^[a-hjkmnp-z2-9]{4}(-[a-hjkmnp-z2-9]{4}){2}$/)
  const entry = (await bob.call('chat.rooms', {})).rooms.find(({ room }) => room.id === meeting.roomId)
  assert.deepEqual([entry?.room.kind, entry?.room.name, entry?.seat.role], ['meeting', 'Talk with the harbour', 'owner'])
  const changed = await bob.call('meetings.change', { meetingId: meeting.id, title: 'Harbour' })
  assert.equal(changed.title, 'Harbour')
  assert.equal((await bob.call('meetings.of', { roomId: meeting.roomId })).meeting?.title, 'Harbour')
  assert.deepEqual((await bob.call('meetings.list', {})).meetings.map(({ title }) => title).includes('Harbour'), true)
  assert.equal((await ada.refusal('meetings.of', { roomId: meeting.roomId })).code, 'not_found')
})

test('[MEET-9] hosts make and unmake hosts; guests are none; a host hears knocks from then on', async () => {
  const { meeting, meetingId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const guest = await here.guest(meeting)
  const { id } = await here.knock(guest, meeting)
  const member = await here.knock(bob, meeting)
  assert.equal((await bob.refusal('meetings.admit', { meetingId, participantIds: [id] })).key, 'meetings.onlyHosts')
  assert.equal((await ada.call('meetings.host', { meetingId, participantId: member.id, isHost: true })).isHost, true)
  assert.deepEqual(await here.spans(bob, meetingId), ['hosts', 'meeting'])
  await bob.call('meetings.admit', { meetingId, participantIds: [id] })
  assert.equal((await bob.refusal('meetings.host', { meetingId, participantId: id, isHost: true })).key, 'meetings.onlyPeopleHost')
  await ada.call('meetings.host', { meetingId, participantId: member.id, isHost: false })
  assert.deepEqual(await here.spans(bob, meetingId), ['meeting'])
  assert.equal((await bob.refusal('meetings.end', { meetingId })).key, 'meetings.onlyHosts')
})

test('hands go up and down, and a host silences who is inside', async () => {
  const { meeting, meetingId } = await here.garden(bob)
  await here.knock(ada, meeting)
  const { id } = await here.knock(bob, meeting)
  assert.equal((await bob.call('meetings.hand', { participantId: id, isRaised: true })).hasRaisedHand, true)
  assert.equal((await ada.refusal('meetings.hand', { participantId: id, isRaised: false })).code, 'not_found')
  await bob.call('meetings.enter', { participantId: id })
  const heard = here.hear(`meeting:${meetingId}`)
  await ada.call('meetings.mute', { meetingId, participantIds: [id] })
  assert.deepEqual(
    heard.map(({ name, payload }) => [name, payload]),
    [['meetings.muting', { participantIds: [id], by: ada.accountId }]],
  )
  assert.deepEqual(here.node.told.at(-1), { operation: 'media.mute', input: { meetingId, participantIds: [id] } })
  await bob.call('meetings.leave', { participantId: id })
  assert.equal((await ada.refusal('meetings.mute', { meetingId, participantIds: [id] })).code, 'not_found')
})
