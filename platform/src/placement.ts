/** A process among those of the hub. `boot` is new at every start: what was meant for an earlier run is not for this one. */
export interface Node {
  name: string
  boot: string
  /** `<name>~<boot>`: what tickets and leases name. */
  id: string
}

export interface Lease {
  key: string
  node: string
  until: Date
}

/** Which node something lives on. A lease that is not renewed ends, and the next who asks may choose another node. */
export interface Placement {
  /** The lease of `key`: a standing one, or a new one for `node`. */
  take(key: string, node: string, forMs: number): Promise<Lease>
  /** False when the lease has ended meanwhile and is another's now. */
  renew(key: string, node: string, forMs: number): Promise<boolean>
  release(key: string, node: string): Promise<void>
  find(key: string): Promise<Lease | undefined>
  /** All standing leases whose key begins so, such as `node:sfu:`. */
  list(prefix: string): Promise<Lease[]>
}
