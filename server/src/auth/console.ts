import type { Kysely } from 'kysely'
import type { Invitation, Person } from '@atrium/protocol'
import { findOrganisation, listAdministrators } from '../directory/index.ts'
import { makeLink } from './links.ts'

/** What start-up and the command line may do to a database, also of a hub that runs: write a link, and say where it leads. */
interface Console {
  db: Kysely<any>
  now: () => Date
}

/** The way into a hub that nobody has set up; undefined once somebody has. Every start prints one of its own. */
export async function setupLink({ db, now }: Console): Promise<Invitation | undefined> {
  const organisation = await findOrganisation(db)
  return organisation ? undefined : makeLink(db, 'setup', null, now())
}

/** A link for an administrator who is locked out: for this one, or the one who has been it longest. It unlocks, too. */
export async function adminLink({ db, now }: Console, address?: string): Promise<Invitation & { person: Person }> {
  const administrators = await listAdministrators(db)
  const person = address === undefined ? administrators[0] : administrators.find((one) => one.address === address.trim().toLowerCase())
  if (!person) {
    const known = administrators.map((one) => one.address).join(', ')
    throw new Error(
      known
        ? `${address} is no administrator. Administrators are: ${known}`
        : 'Nobody has set this hub up yet: open the set-up link that the hub prints when it starts.',
    )
  }
  return { person, ...(await makeLink(db, 'admin', person.id, now())) }
}
