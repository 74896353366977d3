let minute = $state(new Date())
setInterval(() => (minute = new Date()), 30_000)
// A tab that slept shows the right time the moment it is looked at.
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && (minute = new Date()))

/** The time to within half a minute, as a piece of state: what is drawn from it ages by itself. */
export const now = {
  get minute(): Date {
    return minute
  },
}
