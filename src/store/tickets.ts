import type { Registry } from './registry.ts'

export async function insertTicket(
  registry: Registry,
  hash: string,
  sessionHash: string,
  expiresAt: number,
): Promise<void> {
  await registry.$client
    .prepare('INSERT INTO session_tickets (token_hash, session_hash, expires_at) VALUES (?1, ?2, ?3)')
    .bind(hash, sessionHash, expiresAt)
    .run()
}

/** The session that the ticket stands for; it is used up, whoever asks at the same moment. */
export async function takeTicket(registry: Registry, hash: string, now: number): Promise<string | undefined> {
  const row = await registry.$client
    .prepare(
      'DELETE FROM session_tickets WHERE token_hash = ?1 RETURNING session_hash AS hash, expires_at AS expiresAt',
    )
    .bind(hash)
    .first<{ hash: string; expiresAt: number }>()
  return row && row.expiresAt > now ? row.hash : undefined
}
