let current = $state<string>()

/** The time zone that times are told in. Undefined: the browser's. */
export const zone = {
  get current(): string | undefined {
    return current
  },
  use(next: string | undefined): void {
    current = next
  },
}
