import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { paraglideVitePlugin } from '@inlang/paraglide-js'
import adapter from '@sveltejs/adapter-static'
import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig, type Plugin } from 'vite'
import { messages } from './paraglide.config.ts'
import { firstPage } from './scripts/first-page.ts'
import { lean } from './scripts/lean.ts'
import { licences } from './scripts/licences.ts'
import { oneLanguage } from './scripts/one-language.ts'
import { unshelved } from './scripts/unshelved.ts'

/** The theme's three lines run before the first paint. They are the only script of ours that stands in the page itself. */
function hashOfThemeScript(): `sha256-${string}` {
  const script = /<script>([^]*?)<\/script>/.exec(readFileSync(new URL('./src/app.html', import.meta.url), 'utf8'))?.[1]
  if (script === undefined) throw new Error('src/app.html has no inline script: the theme would flash')
  return `sha256-${createHash('sha256').update(script).digest('base64')}`
}

/** In a process of its own: the compiler's timers would hold a build for half a minute. */
function compiledMessages(): Plugin {
  let isDone = false
  return {
    name: 'atrium-messages',
    buildStart() {
      if (!isDone) execFileSync(process.execPath, ['scripts/messages.ts'], { cwd: import.meta.dirname, stdio: 'inherit' })
      isDone = true
    },
  }
}

/** The framework is told which version the page is of before its other modules are read. In one file with them it would not know, and reload for ever. */
const begunFirst = { name: 'begun', test: /runtime[\\/]client[\\/]payload\.js|vite[\\/]preload-helper/, priority: 1 }

/** What only pages behind the first one share stays with them. */
const isLater = [
  /features[\\/](sign-in|setup|meetings|files(?![\\/]given)|documents)[\\/]|lib[\\/]media[\\/]/,
  /people[\\/]PeoplePicker\.svelte|hub[\\/]pictures\.ts|shell[\\/](Waiting|GateFooter)/,
  // Of libraries the first page needs these; an editor or a meeting, however many pages may open one, is no part of it.
  /node_modules[\\/](?!(svelte|esm-env|clsx|@(sveltejs|lucide|socket\.io)|socket\.io[^\\/]*|engine\.io[^\\/]*)[\\/])/,
]
const first = firstPage()
const isShared = (id: string) => !isLater.some((one) => one.test(id))
const shared = { name: 'shared', minShareCount: 2, test: (id: string) => first.isFirst(id) && isShared(id) }
const later = { name: 'later', minShareCount: 2, test: isShared }

export default defineConfig(({ command }) => ({
  // What several pages need is one file: fifty small ones cost a page more in headers than in code.
  environments: {
    client: { build: { rolldownOptions: { output: { codeSplitting: { groups: [begunFirst, shared, later] } } } } },
  },
  plugins: [
    tailwindcss(),
    command === 'serve' ? paraglideVitePlugin(messages) : compiledMessages(),
    first.plugin,
    oneLanguage(),
    unshelved(),
    licences(),
    lean,
    sveltekit({
      adapter: adapter({ fallback: '200.html', precompress: true }),
      files: { assets: '../mobile/static' },
      // We say ourselves when a new version is put in place: never under somebody's hands.
      serviceWorker: { register: false },
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['self'],
          'script-src': ['self', hashOfThemeScript()],
          'style-src': ['self'],
          'style-src-attr': ['unsafe-inline'],
          'connect-src': ['self'],
          'img-src': ['self', 'blob:', 'data:'],
          'media-src': ['self', 'blob:'],
          'worker-src': ['self'],
          'manifest-src': ['self'],
          'form-action': ['self'],
          'object-src': ['none'],
          'base-uri': ['none'],
        },
      },
    }),
  ],
}))
