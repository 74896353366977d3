export interface Letter {
  /** Of this letter and no other: a job may send one twice, and whoever has it already knows it by this. */
  id?: string
  to: string
  subject: string
  text: string
  html?: string
}

/** Sends mail. Called from jobs, which repeat it when it fails. */
export interface Mail {
  /** `outbox`: nothing leaves; administrators read it in the product. */
  kind: 'outbox' | 'smtp'
  /** Resolves when it was taken over. Refuses with `unavailable` when that may work later. */
  send(letter: Letter): Promise<void>
  close(): Promise<void>
}
