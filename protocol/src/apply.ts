/** All that a browser loads of this package: pure functions, no schemas. */
export * from './chat.apply.ts'
