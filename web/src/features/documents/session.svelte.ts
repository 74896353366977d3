import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { IndexeddbPersistence } from 'y-indexeddb'
import { Awareness } from 'y-protocols/awareness'
import { Doc } from 'yjs'
import type { Failure, File, FileId, Hub, May, Output } from '@atrium/protocol'
import type { People } from '#features/people/people.svelte.ts'
import type { HubConnection } from '#lib/hub/hub.svelte.ts'
import { forgetDocument, keepOf, nameOfKept } from './kept.ts'

/** How what is written stands: nothing here is called saved that is not on the hub's disk. */
export type Standing = 'opening' | 'saved' | 'saving' | 'offline' | 'reading' | 'gone'

type Opened = Output<Hub, 'documents.open'>

const retry = { delay: 250, minDelay: 250, maxDelay: 3_000, factor: 1.6, jitter: true }
/** A ticket is good for five minutes; one that was just given serves the connection that is about to be made. */
const freshMs = 20_000

/** One document on one page: what is in it, where it lives, who else is there, and whether it is saved. */
export class DocumentSession {
  readonly doc = new Doc()
  /** Who is where, in it. */
  readonly awareness = new Awareness(this.doc)
  readonly id: FileId
  file = $state.raw<File>()
  may = $state<May>('read')
  failure = $state.raw<Failure>()
  /** There is something to show: what this device kept, or what the hub sent. */
  isReady = $state(false)
  #isConnected = $state(false)
  #isSynced = $state(false)
  #isUnsaved = $state(false)
  #here = $state.raw<readonly string[]>([])
  #socket: HocuspocusProviderWebsocket | undefined
  #provider: HocuspocusProvider | undefined
  #kept: IndexeddbPersistence
  #keep: ReturnType<typeof keepOf>
  #ticket: { text: string; at: number } | undefined
  #leaveTopic: () => void
  #isOver = false
  readonly #hub: HubConnection
  readonly #account: string

  constructor(hub: HubConnection, people: People, account: string, id: FileId) {
    this.id = id
    this.#hub = hub
    this.#account = account
    this.#keep = keepOf(account, id)
    this.#kept = new IndexeddbPersistence(nameOfKept(account, id), this.doc)
    void this.#kept.whenSynced.then(() => this.#showKept())
    let first: Promise<Opened | undefined> | undefined = this.#ask()
    void this.#connect(first)
    const following = hub.feed.follow(`file:${id}`, {
      load: async () => {
        const reply = await hub.call('files.file', { fileId: id })
        if (!reply.ok) return undefined
        people.learn(reply.data.people)
        this.#took(reply.data.file, reply.data.may)
        const opened = await (first ?? this.#ask())
        first = undefined
        return opened && { at: opened.at, epoch: opened.epoch }
      },
      apply: (name, payload) => {
        if (name === 'files.file.changed' && payload) this.#took(payload as File, this.may)
        for (const listener of this.#listeners) listener(name, payload)
      },
      gone: () => void this.#end({ code: 'not_found', key: 'documents.noSuchDocument' }),
    })
    this.#leaveTopic = () => void following.leave()
  }

  get standing(): Standing {
    if (this.failure) return 'gone'
    // A line that went dead is found out only after a while; by then the hub is gone for everything else.
    const isDead = this.#isUnsaved && this.#hub.status.kind === 'reconnecting'
    if (!this.#isConnected || isDead) return this.isReady ? 'offline' : 'opening'
    if (!this.#isSynced) return 'opening'
    if (this.may === 'read') return 'reading'
    return this.#isUnsaved ? 'saving' : 'saved'
  }
  /** Accounts whose pages show this document now. */
  get here(): readonly string[] {
    return this.#here
  }

  #listeners = new Set<(name: string, payload: unknown) => void>()
  /** Facts of the document: versions that were kept, a restoration. */
  listen(listener: (name: string, payload: unknown) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  leave(): void {
    this.#isOver = true
    this.#leaveTopic()
    this.#provider?.destroy()
    this.#socket?.destroy()
    void this.#kept.destroy()
    this.doc.destroy()
  }

  /** Without a network the page shows what it showed last, and takes what is written. */
  #showKept() {
    const kept = this.#keep.read()
    if (this.#isOver || !kept || this.doc.store.clients.size === 0) return
    this.file ??= kept.file
    if (!this.#isSynced) this.may = kept.may
    this.isReady = true
  }

  #took(file: File, may: May) {
    this.file = file
    this.may = may
    this.#keep.write({ file, may })
  }

  async #ask(): Promise<Opened | undefined> {
    const reply = await this.#hub.call('documents.open', { fileId: this.id }, () => !this.#isOver)
    if (this.#isOver) return undefined
    if (!reply.ok) {
      if (reply.error.code !== 'unavailable') this.#end(reply.error)
      return undefined
    }
    const { file, may, path, ticket } = reply.data
    this.#took(file, may)
    this.#ticket = { text: ticket, at: Date.now() }
    this.#socket?.setConfiguration({ url: address(path) })
    return reply.data
  }

  async #token(): Promise<string> {
    const known = this.#ticket
    this.#ticket = undefined
    if (known && Date.now() - known.at < freshMs) return known.text
    await this.#ask()
    const fresh = this.#ticket as { text: string } | undefined
    this.#ticket = undefined
    return fresh?.text ?? ''
  }

  async #connect(opening: Promise<Opened | undefined>) {
    const opened = await opening
    if (!opened || this.#isOver) return
    this.#socket = new HocuspocusProviderWebsocket({ url: address(opened.path), ...retry })
    const provider = new HocuspocusProvider({
      websocketProvider: this.#socket,
      name: this.id,
      document: this.doc,
      awareness: this.awareness,
      token: () => this.#token(),
      onAuthenticated: () => void (this.#isConnected = true),
      onSynced: () => {
        this.#isSynced = true
        this.isReady = true
        // A state that did not change while we were away would be taken for old news.
        this.awareness.setLocalState({ ...this.awareness.getLocalState() })
      },
      onUnsyncedChanges: ({ number }) => void (this.#isUnsaved = number > 0),
      onClose: ({ event }) => void this.#closed(event.code),
      // An editor that goes says so while the page is drawn: what is drawn changes after that.
      onAwarenessChange: ({ states }) => queueMicrotask(() => (this.#here = accountsIn(states, this.#account))),
    })
    this.#provider = provider
    provider.attach()
  }

  async #closed(code: number) {
    this.#isConnected = false
    this.#isSynced = false
    if (this.#isOver || this.failure) return
    // The hub said what is wrong with us: coming again would be told the same.
    if (code >= 4400 && code < 4500) return this.#end({ code: 'conflict', key: 'documents.notTaken' })
    // It may live elsewhere by now, and we may not be let in any more.
    await this.#ask()
  }

  #end(failure: Failure) {
    if (this.#isOver || this.failure) return
    this.failure = failure
    this.#isConnected = false
    this.#socket?.disconnect()
    // What one may not see any more does not stay on the device.
    if (failure.code === 'not_found' || failure.code === 'forbidden') {
      this.isReady = false
      void forgetDocument(this.#account, this.id, this.#kept)
    }
  }
}

const address = (path: string) => new URL(path, location.href.replace(/^http/, 'ws')).href

const accountsIn = (states: readonly Record<string, unknown>[], me: string): string[] => [
  ...new Set(states.flatMap((state) => (state['user'] as { id?: string } | undefined)?.id ?? []).filter((id) => id !== me)),
]
