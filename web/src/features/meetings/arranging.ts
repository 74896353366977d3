export interface Space {
  width: number
  height: number
}
export interface Arrangement {
  columns: number
  rows: number
  tile: Space
  /** So many tiles are on a page. */
  perPage: number
}
interface Manner {
  gap: number
  /** Width to height: the shapes that may be. */
  aspects: readonly number[]
  /** Nobody is recognised in a smaller one. */
  leastWidth: number
}

/** The largest tiles of one shape that fit into a space, all alike; where they would become too small, pages of them. */
export function arrange(count: number, space: Space, manner: Manner): Arrangement {
  const most = Math.max(1, capacity(space, manner))
  const shown = Math.max(1, Math.min(count, most))
  let best: Arrangement = { columns: 1, rows: shown, tile: { width: 0, height: 0 }, perPage: shown }
  const area = ({ width, height }: Space) => width * height
  for (let columns = 1; columns <= shown; columns++) {
    const rows = Math.ceil(shown / columns)
    for (const aspect of manner.aspects) {
      const tile = tileIn(space, columns, rows, manner.gap, aspect)
      if (area(tile) > area(best.tile)) best = { columns, rows, tile, perPage: shown }
    }
  }
  return best
}

function capacity(space: Space, { gap, aspects, leastWidth }: Manner): number {
  const columns = Math.floor((space.width + gap) / (leastWidth + gap))
  const rows = Math.floor((space.height + gap) / (leastWidth / Math.max(...aspects) + gap))
  return Math.max(1, columns) * Math.max(1, rows)
}

function tileIn(space: Space, columns: number, rows: number, gap: number, aspect: number): Space {
  const width = Math.max(0, Math.min((space.width - gap * (columns - 1)) / columns, ((space.height - gap * (rows - 1)) / rows) * aspect))
  return { width: Math.floor(width), height: Math.floor(width / aspect) }
}

/**
 * The order of tiles: as people came, but who speaks is on the first page, in the place of who was silent there for longest.
 * Nobody else moves.
 */
export function seated<Id extends string>(
  before: readonly Id[],
  there: readonly Id[],
  spoke: ReadonlyMap<Id, number>,
  firstPage: number,
): Id[] {
  const present = new Set(there)
  const order = [...before.filter((id) => present.has(id)), ...there.filter((id) => !before.includes(id))]
  const spokeAt = (id: Id) => spoke.get(id) ?? 0
  for (const id of order.slice(firstPage).toSorted((a, b) => spokeAt(b) - spokeAt(a))) {
    const [quietest] = order.slice(0, firstPage).toSorted((a, b) => spokeAt(a) - spokeAt(b))
    if (quietest === undefined || spokeAt(id) <= spokeAt(quietest)) break
    const [from, to] = [order.indexOf(id), order.indexOf(quietest)]
    order[from] = quietest
    order[to] = id
  }
  return order
}
