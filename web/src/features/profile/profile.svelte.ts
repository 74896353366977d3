import { createContext } from 'svelte'
import type { Look, Me, Person } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import { language } from '#lib/i18n/index.ts'
import { worn } from '#lib/theme/worn.svelte.ts'
import { keepMe } from './me.ts'
import { Notices } from './notices.svelte.ts'

/** Who I am. My name and picture also change from another screen: the directory's facts tell. */
export class Profile {
  me: Me = $state.raw()!
  readonly notices = new Notices()
  #people: People

  constructor(me: Me, people: People) {
    this.#people = people
    this.me = me
    worn.look = me.look
    void language.use(me.language)
  }

  get person(): Person {
    return this.#people.of(this.me.person.id) ?? this.me.person
  }

  changed(me: Me): void {
    this.me = me
    this.#people.learn([me.person])
    void language.use(me.language)
    this.wear(me.look)
  }

  /** A second step is set up: nobody asks for one any more. */
  enrolled(): void {
    const { enrolBy: _, ...me } = this.me
    keepMe((this.me = me))
  }

  /** What the domain's pages look like from now on. */
  wear(look: Look): void {
    worn.look = look
    keepMe((this.me = { ...this.me, look }))
  }
}

export const [getProfile, setProfile] = createContext<Profile>()
