import { ferryAtDusk, frameSketch } from './drawing.ts'

/** So many working days ago, at an hour of the day; or so many minutes ago. */
export type When = readonly [days: number, hour: string] | number

export interface Line {
  when: When
  who: string
  /** `@key` becomes a mention. */
  says: string
  /** A name for this line, for those that answer it. */
  as?: string
  answers?: string
  picture?: () => Buffer
  reacted?: Record<string, readonly string[]>
}
export interface Conversation {
  /** A direct room has no name. */
  name?: string
  about?: string
  by: string
  with: readonly string[] | 'everyone'
  isArchived?: true
  /** Its room was made for a meeting, whose link is for people from elsewhere too. */
  isMeeting?: true
  /** How many of the newest lines each of them has not read. */
  unread?: Record<string, number>
  lines: readonly Line[]
}

const everyoneLines: readonly Line[] = [
  {
    when: [17, '08:02'],
    who: 'ada',
    says: 'Good morning, all. From today we talk here instead of on the board by the door. The board stays for tide tables and birthdays. ⛵',
    reacted: { '👋': ['kwame', 'priya', 'noor', 'malia', 'emil'], '🎉': ['ingrid', 'tomas'] },
  },
  { when: [17, '08:10'], who: 'tomas', says: 'So who reads the board out to the radio now?', reacted: { '😄': ['ada', 'oleg', 'malia'] } },
  {
    when: [14, '09:30'],
    who: 'salma',
    says: 'Hours for last month are due **Friday at noon**. If yours are on the back of a sanding disc, a photo will do.',
    reacted: { '👍': ['oleg', 'tomas', 'malia', 'kwame', 'henrik'] },
  },
  {
    when: [9, '07:45'],
    who: 'ada',
    says: 'The crane inspection is on Thursday. Until it is signed:\n\n- nothing over 2 t on the north arm\n- no lifting with people on the slip\n- ask @oleg before you improvise',
    reacted: { '✅': ['oleg', 'tomas', 'emil', 'malia'] },
  },
  {
    when: [6, '16:20'],
    who: 'henrik',
    says: 'Crane is signed. Certificate hangs in the office, and nobody has to be polite to the north arm any more.',
    reacted: { '🙌': ['ada', 'oleg', 'tomas'] },
  },
  {
    when: [1, '15:05'],
    who: 'ada',
    says: 'Ben Whitlock joins us as a rigger next week. He asked what he should bring. I said *boots and patience*.',
    reacted: { '❤️': ['ingrid', 'malia', 'salma'], '😄': ['tomas', 'emil'] },
  },
  {
    when: 58,
    who: 'ada',
    says: 'Launch of the Tern is confirmed: **high water on the 28th, 11:40**. Families are welcome from ten, the harbour band plays whether we like it or not.',
    as: 'launch',
    reacted: { '🎉': ['priya', 'kwame', 'noor', 'tomas', 'malia', 'emil', 'ingrid'], '🎺': ['oleg', 'salma'] },
  },
  { when: 51, who: 'emil', says: 'Do apprentices get to pull the last wedge?', answers: 'launch' },
  { when: 49, who: 'tomas', says: 'Only the ones who swept the slip.', reacted: { '🧹': ['ada', 'malia', 'emil'] } },
]

const ternLines: readonly Line[] = [
  {
    when: [16, '08:30'],
    who: 'priya',
    says: 'Where we stand with the Tern, week 31:\n\n1. hull closed, tanks tested\n2. wheelhouse windows arrive on Wednesday\n3. battery room waits for the class surveyor\n4. launch in four weeks if nothing new surprises us',
    reacted: { '👍': ['ada', 'kwame', 'yuki'] },
  },
  { when: [16, '08:41'], who: 'oleg', says: 'Something new always surprises us.', reacted: { '😄': ['tomas', 'kwame', 'noor'] } },
  {
    when: [13, '10:12'],
    who: 'yuki',
    says: 'Frame 28 is where the ramp hinge lands, and I do not like it. Sketch below: I would move it 600 forward and double the bracket.',
    picture: frameSketch,
    as: 'frame',
    reacted: { '👀': ['kwame', 'oleg'] },
  },
  {
    when: [13, '10:20'],
    who: 'kwame',
    says: 'You are right, and I should have seen it. Moving it costs us a cable tray. @noor, can the tray go over instead of through?',
    answers: 'frame',
  },
  {
    when: [13, '10:34'],
    who: 'noor',
    says: 'Over is better for me, then I get at it without lying on the tank. I need 80 mm.',
    reacted: { '🙏': ['kwame', 'yuki'] },
  },
  { when: [13, '10:36'], who: 'yuki', says: 'You get 95.', reacted: { '❤️': ['noor', 'priya'] } },
  {
    when: [8, '14:02'],
    who: 'oleg',
    says: 'Frame 28 is in, bracket doubled, all seams shot. No indications.',
    reacted: { '💪': ['yuki', 'kwame', 'priya', 'tomas'] },
  },
  {
    when: [5, '09:15'],
    who: 'kwame',
    says: 'Inclining test, final numbers. The spreadsheet says the same as the pendulum, which it never does on the first day:\n\n```\ndisplacement    86.4 t\nKG               2.31 m   (design 2.35)\nGM corrected     1.12 m\nheel at 12 pax   0.8°\n```',
    as: 'incline',
    reacted: { '🎯': ['priya', 'yuki', 'ada', 'oleg'], '🥂': ['noor'] },
  },
  {
    when: [5, '09:22'],
    who: 'priya',
    says: 'Four centimetres to the good. I am writing that on a cake.',
    answers: 'incline',
    reacted: { '🍰': ['tomas', 'malia', 'emil'] },
  },
  {
    when: [2, '11:48'],
    who: 'noor',
    says: 'Shore power is on. Both banks balance within 6 mV after the night. Charging log: https://battery.saltmarsh.example/tern/log',
    reacted: { '⚡': ['kwame', 'priya', 'emil'] },
  },
  {
    when: [1, '20:31'],
    who: 'malia',
    says: 'Stayed for the light. Last coat on, and the name goes on tomorrow.',
    picture: ferryAtDusk,
    as: 'dusk',
    reacted: { '❤️': ['ada', 'kwame', 'priya', 'ingrid', 'noor'], '😍': ['emil', 'tomas'], '🌅': ['yuki'] },
  },
  {
    when: [1, '20:44'],
    who: 'ada',
    says: 'Thirty years, and this is still the part I come for. Thank you, Malia.',
    answers: 'dusk',
    reacted: { '❤️': ['malia', 'oleg'] },
  },
  {
    when: 84,
    who: 'priya',
    says: 'Surveyor comes at two. @kwame stability booklet, @noor insulation report, @oleg weld map: please on the table in the wheelhouse by one.',
    as: 'survey',
    reacted: { '👍': ['noor', 'oleg'] },
  },
  {
    when: 79,
    who: 'kwame',
    says: 'Booklet is printed. Chapter 4 has the new hinge, chapter 6 still shows `rev C`, I swap the page now.',
    answers: 'survey',
    reacted: { '👍': ['priya'] },
  },
  { when: 33, who: 'oleg', says: 'Weld map is up there. So is a cat.', reacted: { '🐈': ['noor', 'priya', 'yuki', 'emil'] } },
  { when: 31, who: 'yuki', says: 'Is the cat in the displacement?', reacted: { '😂': ['kwame', 'oleg', 'noor', 'priya'] } },
  {
    when: 12,
    who: 'priya',
    says: '@ada the surveyor asks whether the muster list may hang by the ramp instead of the saloon door. I would say yes. You?',
  },
]

const batteryLines: readonly Line[] = [
  {
    when: [15, '13:00'],
    who: 'noor',
    says: 'Cell temperatures from the weekend run. Bank B, string 4 reads two tenths high, so I corrected its offset:\n\n```yaml\nsensor: bank-b/4\noffset: -0.21   # kelvin\nevery:  10s\nalarm:  { warn: 41, trip: 48 }\n```',
    reacted: { '👍': ['kwame', 'yuki', 'emil'] },
  },
  { when: [15, '13:12'], who: 'emil', says: 'Why warn at 41 when the sheet says 45?', as: 'why' },
  {
    when: [15, '13:20'],
    who: 'noor',
    says: 'Because at 45 I want to be standing next to it already, not putting my boots on.',
    answers: 'why',
    reacted: { '💡': ['emil'], '😄': ['kwame', 'henrik'] },
  },
  {
    when: [7, '10:05'],
    who: 'henrik',
    says: 'Contactors: supplier says eleven days, I said five, we agreed on seven. They come in two parcels.',
    reacted: { '🙏': ['noor'] },
  },
  { when: [2, '08:20'], who: 'kwame', says: 'Night run looks clean. What is the dip at 03:40?', as: 'dip' },
  {
    when: [2, '08:26'],
    who: 'noor',
    says: 'The kettle in the night watch hut. It is on our shore line. *Was* on our shore line.',
    answers: 'dip',
    reacted: { '☕': ['kwame', 'emil', 'yuki'] },
  },
  {
    when: 46,
    who: 'noor',
    says: '@kwame ventilation of the battery room passed with 12 air changes. I need your signature on page 3 before the surveyor is here.',
    reacted: { '🎉': ['priya', 'henrik'] },
  },
]

const paintLines: readonly Line[] = [
  {
    when: [12, '07:55'],
    who: 'malia',
    says: 'Two samples are on the bench by the window: *storm blue* and *heron*. Look at them wet **and** dry, please, they change.',
    as: 'samples',
  },
  {
    when: [12, '09:10'],
    who: 'ingrid',
    says: 'Heron, outside. Storm blue makes the saloon floor look orange.',
    answers: 'samples',
    reacted: { '👍': ['malia', 'tomas'] },
  },
  {
    when: [12, '09:40'],
    who: 'ada',
    says: 'Heron. The county will say it is grey. It is not grey.',
    reacted: { '😄': ['malia', 'ingrid'] },
  },
  {
    when: [4, '16:00'],
    who: 'tomas',
    says: 'Oak rail is sanded to 240 and oiled once. Do not lean on it before tomorrow noon.\n\n> He said to the room where everybody leans.',
    reacted: { '🪵': ['ingrid', 'malia'] },
  },
  {
    when: 140,
    who: 'malia',
    says: 'Name is on, port and starboard. Gold leaf, not paint. Henrik, please do not look at the invoice.',
    reacted: { '✨': ['ada', 'ingrid', 'tomas'] },
  },
  { when: 130, who: 'henrik', says: 'I looked.', reacted: { '😂': ['malia', 'ingrid', 'ada', 'tomas'] } },
]

const teaLines: readonly Line[] = [
  {
    when: [10, '12:02'],
    who: 'ingrid',
    says: 'Soup is lentil today. There is one bowl without bacon for whoever comes first.',
    reacted: { '🏃': ['noor', 'yuki'] },
  },
  {
    when: [3, '15:30'],
    who: 'priya',
    says: 'There is cake. It says `GM 1.12 m`.',
    reacted: { '🍰': ['kwame', 'yuki', 'oleg', 'noor', 'emil', 'tomas'], '🤓': ['ada'] },
  },
  { when: [3, '15:41'], who: 'oleg', says: 'There was cake.', reacted: { '😢': ['salma', 'henrik'] } },
  {
    when: 200,
    who: 'salma',
    says: 'Whose blue cup is growing things? It has until Friday.',
    reacted: { '🔬': ['noor', 'emil'], '🙈': ['tomas'] },
  },
]

const harbourLines: readonly Line[] = [
  {
    when: [1, '16:20'],
    who: 'priya',
    says: 'For the launch rehearsal with the harbour office. Captain Aalto has no account here and needs none: the link is enough, and one of us lets her in.',
    reacted: { '👍': ['ada', 'kwame'] },
  },
  { when: [1, '16:31'], who: 'kwame', says: 'I will bring the stability figures on a shared screen.' },
]

export const conversations: readonly Conversation[] = [
  { name: 'Everyone', about: 'The whole yard', by: 'ada', with: 'everyone', unread: { kwame: 2 }, lines: everyoneLines },
  {
    name: 'Ferry Tern',
    about: 'Hull 117 · launch on the 28th',
    by: 'priya',
    with: ['ada', 'kwame', 'noor', 'tomas', 'yuki', 'oleg', 'malia', 'emil', 'ingrid'],
    unread: { ada: 3, kwame: 3 },
    lines: ternLines,
  },
  { name: 'Launch rehearsal with the harbour', by: 'priya', with: ['ada', 'kwame'], isMeeting: true, lines: harbourLines },
  {
    name: 'Batteries and wiring',
    about: 'Battery room, shore power, everything that hums',
    by: 'noor',
    with: ['kwame', 'priya', 'yuki', 'henrik', 'emil'],
    unread: { kwame: 1 },
    lines: batteryLines,
  },
  { name: 'Paint and finish', about: 'Colour, oil, varnish', by: 'malia', with: ['ingrid', 'tomas', 'ada', 'henrik'], lines: paintLines },
  { name: 'Tea kitchen', about: 'Soup, cake, cups', by: 'ingrid', with: 'everyone', unread: { ada: 1 }, lines: teaLines },
  {
    name: 'Slipway repair',
    about: 'Done in spring',
    by: 'ada',
    with: ['tomas', 'oleg'],
    isArchived: true,
    lines: [
      {
        when: [17, '10:00'],
        who: 'tomas',
        says: 'Last sleeper is in. Closing this room, see you in ten years.',
        reacted: { '🛤️': ['ada', 'oleg'] },
      },
    ],
  },
  {
    by: 'kwame',
    with: ['ada'],
    unread: { ada: 1 },
    lines: [
      { when: [5, '09:40'], who: 'kwame', says: 'Did you see? 1.12.' },
      { when: [5, '09:43'], who: 'ada', says: 'I saw. I also saw you run across the yard.', reacted: { '😅': ['kwame'] } },
      { when: [1, '17:20'], who: 'ada', says: 'Can you show the county people round on launch day? You are the only one they understand.' },
      { when: 22, who: 'kwame', says: 'Yes, gladly. From ten, and I keep them away from the band.' },
    ],
  },
  {
    by: 'priya',
    with: ['ada'],
    lines: [
      { when: [8, '17:02'], who: 'priya', says: 'Honest question: four weeks, or did I promise too much?' },
      {
        when: [8, '17:09'],
        who: 'ada',
        says: 'Four weeks is right if the windows come. I called them. They come.',
        reacted: { '🙏': ['priya'] },
      },
    ],
  },
  {
    by: 'yuki',
    with: ['kwame'],
    unread: { kwame: 1 },
    lines: [
      { when: [13, '10:50'], who: 'yuki', says: 'Thanks for not fighting me on frame 28.' },
      { when: [13, '10:52'], who: 'kwame', says: 'I have learned which of us reads the load cases twice.', reacted: { '😌': ['yuki'] } },
      { when: 17, who: 'yuki', says: 'Page swapped? Then I send the PDF to class: https://class.example/submit/117' },
    ],
  },
]
