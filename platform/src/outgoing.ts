export interface OutgoingRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'HEAD'
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Of the answer; more is cut off with `too_large`. */
  maxBytes?: number
  timeoutMs?: number
}
export interface OutgoingAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
  /** After redirects. */
  url: string
}

/** The only way out. */
export interface Outgoing {
  /** To an address that came from people, links or other systems: public ones only, however they are spelt. */
  foreign(url: string, request?: OutgoingRequest): Promise<OutgoingAnswer>
  /** To an address that a global administrator configured: any but link-local and metadata ones. */
  configured(url: string, request?: OutgoingRequest): Promise<OutgoingAnswer>
}
