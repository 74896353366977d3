export { Asking, getAsking, setAsking } from '#lib/hub/asking.svelte.ts'
