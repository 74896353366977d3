/** How messages become functions: one place for the build, the type check and the tests. */
export const messages = {
  project: './project.inlang',
  outdir: './src/lib/i18n/paraglide',
  // The language is a piece of state (`language.svelte.ts`); nothing of it lies in cookies or addresses.
  strategy: ['globalVariable' as const, 'baseLocale' as const],
  isServer: 'import.meta.env.SSR',
  // A file per language: `scripts/one-language.ts` lets only the reader's travel.
  outputStructure: 'locale-modules' as const,
  emitReadme: false,
  emitGitIgnore: false,
  emitPrettierIgnore: false,
}
