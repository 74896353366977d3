/** What somebody chose on this device, for the next meeting. */
export interface Choices {
  microphone?: string
  camera?: string
  speaker?: string
  wantsMicrophone?: boolean
  wantsCamera?: boolean
}

const key = 'atrium.media'

export const kept = (): Choices => JSON.parse(localStorage.getItem(key) ?? '{}') as Choices
export const keep = (choices: Choices): void => localStorage.setItem(key, JSON.stringify(choices))
