declare module 'virtual:licences' {
  export const licensed: { name: string; version: string; licence: string }[]
}

declare module '*.js?refusals'
declare module '*.js?about'
declare module '*.js?me'
declare module '*.js?people'
declare module '*.js?meetings'
declare module '*.js?files'
declare module '*.js?documents'
declare module '*.js?administration'
