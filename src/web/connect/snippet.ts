export type Way = 'http' | 'mqtt' | 'websocket' | 'lora'

/** A text that does what it says as it stands; test/e2e/web-snippets.test.ts runs each of them. */
export interface Snippet {
  readonly way: Way
  /** What runs it. */
  readonly tool: 'sh' | 'powershell' | 'python' | 'node' | 'arduino'
  readonly label: string
  /** Where it goes, and what has to be there before. */
  readonly note: string
  readonly code: string
}
