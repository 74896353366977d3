import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'

const environment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Settings come from the config that is passed down: only platform/src/config.ts reads the environment.',
}
const time = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'A slice is told the time: use now() of its deps.' },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'A slice is told the time: use now() of its deps.',
  },
  {
    selector: "CallExpression[callee.object.name='crypto'][callee.property.name='randomUUID']",
    message: 'A slice is given ids: use newId() of its deps.',
  },
]
const wayOut = 'The only way out is platform/src/outgoing.ts: it knows which addresses are public.'
const waysOut = [
  { selector: "CallExpression[callee.name='fetch']", message: wayOut },
  { selector: 'CallExpression[callee.object.name=/^https?$/][callee.property.name=/^(request|get)$/]', message: wayOut },
  { selector: 'CallExpression[callee.object.name=/^(net|tls)$/][callee.property.name=/^(connect|createConnection)$/]', message: wayOut },
]
const clients = {
  paths: [
    { name: 'node:http', importNames: ['request', 'get'], message: wayOut },
    { name: 'node:https', importNames: ['request', 'get'], message: wayOut },
    { name: 'node:net', importNames: ['connect', 'createConnection'], message: wayOut },
    { name: 'node:tls', importNames: ['connect'], message: wayOut },
    { name: 'undici', message: wayOut },
  ],
}
const tests = ['**/*.test.ts', '**/contract.ts', '**/testing/**']
const servers = ['platform/src/**/*.ts', 'server/**/*.ts', 'sfu/src/**/*.ts', 'collab/src/**/*.ts', 'protocol/src/**/*.ts']

export default ts.config(
  { ignores: ['**/node_modules/', '**/build/', '**/.svelte-kit/', 'web/src/lib/i18n/paraglide/', '**/data/', 'test/results/'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-explicit-any': 'off', // the compiler is strict already; Kysely<any> is how a database is passed on
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-empty-object-type': 'off', // `{}` adds nothing to an intersection: that is what it is for
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'] } },
    rules: {
      // The client is served at the root of its origin, always.
      'svelte/no-navigation-without-resolve': 'off',
      // State modules hold plain maps in $state.raw and replace them: cheaper than a signal for each entry.
      'svelte/prefer-svelte-reactivity': 'off',
      // svelte-check says which comments are needed, and the two do not agree.
      'svelte/no-unused-svelte-ignore': 'off',
    },
  },
  { files: ['web/src/**', 'mobile/src/**'], languageOptions: { globals: globals.browser } },
  {
    files: servers,
    ignores: tests,
    rules: { 'no-restricted-syntax': ['error', environment, ...waysOut], 'no-restricted-imports': ['error', clients] },
  },
  {
    files: ['server/src/*/**/*.ts'],
    ignores: [...tests, 'server/src/gateway/**', 'server/src/demo/**'],
    rules: { 'no-restricted-syntax': ['error', environment, ...waysOut, ...time] },
  },
  { files: ['platform/src/config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['platform/src/outgoing.ts', 'platform/src/outgoing.*.ts'],
    rules: { 'no-restricted-syntax': ['error', environment], 'no-restricted-imports': 'off' },
  },
  { files: ['infra/**', 'test/**', 'server/src/main.ts', 'web/scripts/**'], rules: { 'no-console': 'off' } },
)
