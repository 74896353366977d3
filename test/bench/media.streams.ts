/** What everybody sends, by media stream: told to the node and used by the generator alike. */
export const streamsOf = (sender: number) => ({
  video: [0, 1, 2].map((layer) => 1_000 * (sender + 1) + layer),
  audio: 1_000 * (sender + 1) + 9,
})
