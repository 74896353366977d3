import { audited, fail, type Actor } from '@atrium/platform'
import type { Cos, CosId, Hub, Input, Output } from '@atrium/protocol'
import { cursorOf, noSuchClass, readCursor, type DirectoryDeps } from './service.common.ts'
import { addCos, changeCos, deleteCos, findCos, holdCos, isUsedCos, listClasses, toCos } from './store.cos.ts'
import { changed, isSameAs } from './values.ts'

const nameTaken = () => fail('conflict', 'cos.nameTaken', { field: 'name' })

/** Classes of service. Nothing of one is copied into accounts: a change holds for everybody who did not choose otherwise, at once. */
export function cosService({ db, work, now, newId, visible }: DirectoryDeps) {
  /** Who has a class is counted as far as one may see them: how many others do is nobody's business. */
  const counted = (actor: Actor) => visible(actor, 'account.see')
  return {
    async list(actor: Actor, asked: Input<Hub, 'cos.list'>): Promise<Output<Hub, 'cos.list'>> {
      const seen = await visible(actor, 'cos.see')
      const only = seen === 'all' ? undefined : seen.ids.filter((id) => !seen.except.ids.includes(id))
      const after = asked.after === undefined ? undefined : readCursor(asked.after, 1)[0]
      const found = await listClasses(db, { ...asked, after, limit: asked.limit + 1 }, await counted(actor), only)
      const page = found.slice(0, asked.limit)
      return { classes: page.map(toCos), next: found.length > asked.limit ? cursorOf(page.at(-1)!.name) : null }
    },

    async get(actor: Actor, { cosId }: Input<Hub, 'cos.get'>): Promise<Cos> {
      const found = await findCos(db, cosId, await counted(actor))
      if (!found) throw noSuchClass()
      return toCos(found)
    },

    create: (_actor: Actor, { name, description, values }: Input<Hub, 'cos.create'>): Promise<Cos> =>
      work(async (tx) => {
        const id = newId() as CosId
        if (!(await addCos(tx, { id, name, description, ownValues: values, createdAt: now() }))) throw nameTaken()
        audited({ target: { kind: 'cos', id, name }, domainId: null, before: null, after: { name, description, values } })
        return toCos((await findCos(tx, id))!)
      }),

    copy: (_actor: Actor, { cosId, name }: Input<Hub, 'cos.copy'>): Promise<Cos> =>
      work(async (tx) => {
        const from = await holdCos(tx, cosId)
        if (!from) throw noSuchClass()
        const id = newId() as CosId
        if (!(await addCos(tx, { id, name, description: from.description, ownValues: from.ownValues, createdAt: now() }))) throw nameTaken()
        audited({ target: { kind: 'cos', id, name }, domainId: null, before: null, after: { name, from: from.name } })
        return toCos((await findCos(tx, id))!)
      }),

    change: async (actor: Actor, { cosId, name, description, values }: Input<Hub, 'cos.change'>): Promise<Cos> => {
      const seen = await counted(actor)
      return work(async (tx, announce) => {
        const before = await holdCos(tx, cosId, seen)
        if (!before) throw noSuchClass()
        const ownValues = changed(before.ownValues, values ?? {})
        const after = { id: cosId, name: name ?? before.name, description: description ?? before.description, ownValues }
        const isNew = !isSameAs(before.ownValues, ownValues)
        if (!isNew && after.name === before.name && after.description === before.description) return toCos(before)
        if (!(await changeCos(tx, after))) throw nameTaken()
        if (isNew) announce('directory:all', 'values.changing', { cosId, domainId: null })
        audited({
          target: { kind: 'cos', id: cosId, name: before.name },
          domainId: null,
          before: { name: before.name, description: before.description, ...before.ownValues },
          after: { name: after.name, description: after.description, ...ownValues },
        })
        return toCos((await findCos(tx, cosId, seen))!)
      })
    },

    delete: (_actor: Actor, { cosId }: Input<Hub, 'cos.delete'>): Promise<Record<string, never>> =>
      work(async (tx) => {
        const before = await holdCos(tx, cosId)
        if (!before) throw noSuchClass()
        if (await isUsedCos(tx, cosId)) throw fail('conflict', 'cos.inUse', { field: 'cosId' })
        await deleteCos(tx, cosId)
        audited({ target: { kind: 'cos', id: cosId, name: before.name }, domainId: null, before: { name: before.name }, after: null })
        return {}
      }),
  }
}
