/** Every token that we make begins with what it is; a session's, a key's, a link's, a secret's. */
const ours = /\b(?:ace|acs|acb|act|aci|acr|acp|whs)_[\w-]{40,}/

/** Those that have no such beginning: device tokens, passwords. */
export const secretsMade = new Set<string>(['violet-harbour-41', 'test-setup-token'])

/** The lines of a log that hold a credential. */
export function leaksIn(lines: readonly string[], secrets: Iterable<string>): string[] {
  const known = [...secrets]
  return lines.filter((line) => ours.test(line) || known.some((secret) => line.includes(secret)))
}
