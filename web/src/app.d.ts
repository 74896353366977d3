declare module 'virtual:licences' {
  export const licensed: { name: string; version: string; licence: string }[]
}
