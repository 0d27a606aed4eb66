import type { Command, CommandRequest, CommandState, CommandStatus } from '../../domain/command.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { DeviceStorage } from './storage.ts'

export const commandMigrations = [
  `CREATE TABLE commands (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, request_id TEXT NOT NULL, command TEXT NOT NULL,
    device TEXT NOT NULL, state TEXT NOT NULL, way TEXT, attempt INTEGER NOT NULL DEFAULT 0, result TEXT,
    sent_at INTEGER, delivered_at INTEGER, finished_at INTEGER, due_at INTEGER, is_saved INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
]

export interface CommandRow {
  readonly seq: number
  readonly device: DeviceIdentity
  readonly command: Command
  readonly state: CommandState
  readonly way: string | null
  readonly attempt: number
  readonly result: unknown
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  readonly finishedAt: number | null
}

type Stored = Record<string, SqlStorageValue> & {
  seq: number
  command: string
  device: string
  state: CommandState
  way: string | null
  attempt: number
  result: string | null
  sent_at: number | null
  delivered_at: number | null
  finished_at: number | null
}

/** Being handed over: whether it arrived is not known yet. */
const handing = 'handing'

/**
 * A device's commands in its object's SQLite, in the order in which they were given. Synchronous throughout:
 * what it says is written before anything is sent or answered. One that is sent and not answered holds up
 * no other.
 */
export class CommandQueue {
  readonly #storage: DeviceStorage

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  #rows(where: string, ...bound: SqlStorageValue[]): CommandRow[] {
    if (!this.#storage.isReady) return []
    return this.#storage.sql
      .exec<Stored>(`SELECT * FROM commands WHERE ${where}`, ...bound)
      .toArray()
      .map((row) => ({
        seq: row.seq,
        device: JSON.parse(row.device) as DeviceIdentity,
        command: JSON.parse(row.command) as Command,
        state: row.state,
        way: row.way,
        attempt: row.attempt,
        result: row.result === null ? undefined : JSON.parse(row.result),
        sentAt: row.sent_at,
        deliveredAt: row.delivered_at,
        finishedAt: row.finished_at,
      }))
  }

  add(device: DeviceIdentity, command: Command): void {
    this.#storage.prepare()
    this.#storage.sql.exec(
      `INSERT INTO commands (id, request_id, command, device, state, due_at) VALUES (?, ?, ?, ?, 'queued', ?)`,
      command.id,
      command.requestId,
      JSON.stringify(command),
      JSON.stringify(device),
      command.expiresAt,
    )
  }

  get(id: string): CommandRow | undefined {
    return this.#rows('id = ?', id)[0]
  }

  /** The newest one with this mark of its sender. */
  byRequestId(requestId: string): CommandRow | undefined {
    return this.#rows('request_id = ? ORDER BY seq DESC LIMIT 1', requestId)[0]
  }

  waiting(now: number, most: number): CommandRow[] {
    return this.#rows("state = 'queued' AND json_extract(command, '$.expiresAt') > ? ORDER BY seq LIMIT ?", now, most)
  }

  /** Not over, or not in the history yet. */
  underWay(): number {
    if (!this.#storage.isReady) return 0
    const query = 'SELECT count(*) AS n FROM commands WHERE finished_at IS NULL OR is_saved = 0'
    return this.#storage.sql.exec<{ n: number }>(query).one().n
  }

  /** Before it is handed over: an eviction in between must not send it a second time as if it were the first. */
  markSent({ command, attempt }: CommandRow, way: string | undefined, now: number): void {
    const { timeoutMs, expiresAt } = command
    const patience = Math.min(timeoutMs * 2 ** attempt, Math.max(timeoutMs, limits.commandRetryMaxMs))
    const due = command.twoWay ? Math.min(now + patience, expiresAt) : expiresAt
    this.#change(command.id, "state = 'sent', way = ?, sent_at = ?, due_at = ?", way ?? handing, now, due)
    if (way !== undefined) this.#endOneWay(way)
  }

  /** It went by this way; an answer may have been quicker. */
  markWay(id: string, way: string): void {
    this.#storage.sql.exec("UPDATE commands SET way = ? WHERE id = ? AND state = 'sent' AND way = ?", way, id, handing)
    this.#endOneWay(way)
  }

  /** One that asks for no answer is over when it is handed over, as `sent`: nobody says more of it. */
  #endOneWay(way: string): void {
    this.#storage.sql.exec(
      `UPDATE commands SET finished_at = sent_at, due_at = NULL, is_saved = 0
        WHERE state = 'sent' AND way = ? AND finished_at IS NULL AND NOT json_extract(command, '$.twoWay')`,
      way,
    )
  }

  /** No way took it. */
  unsend(id: string): void {
    this.#storage.sql.exec(
      `UPDATE commands SET state = 'queued', way = NULL, sent_at = NULL, due_at = json_extract(command, '$.expiresAt'),
        is_saved = 0 WHERE id = ? AND state = 'sent' AND way = ?`,
      id,
      handing,
    )
  }

  /** Waits again, as one that the device may have seen. */
  #requeue(id: string): void {
    this.#change(
      id,
      "state = 'queued', way = NULL, attempt = attempt + 1, due_at = json_extract(command, '$.expiresAt')",
    )
  }

  /** What went by a way that is gone, unanswered: what may be sent again waits again. No way: being handed over. */
  wayClosed(way: string = handing): number {
    if (!this.#storage.isReady) return 0
    const lost = this.#rows("state = 'sent' AND way = ?", way).filter(
      ({ command }) => command.persistent && command.twoWay,
    )
    for (const { command } of lost) this.#requeue(command.id)
    if (way === handing) this.#endOneWay(way)
    return lost.length
  }

  /** The device's word that it has it, without an answer. */
  acknowledge(id: string, now: number): void {
    this.#change(id, "state = 'delivered', delivered_at = ?", now)
  }

  finish(id: string, state: CommandState, result: unknown, now: number): void {
    const json = result === undefined ? null : JSON.stringify(result)
    this.#change(id, 'state = ?, result = ?, finished_at = ?, due_at = NULL', state, json, now)
  }

  /** What is over stays so, but for the device's word on a one-way command. */
  #change(id: string, set: string, ...bound: SqlStorageValue[]): void {
    this.#storage.sql.exec(
      `UPDATE commands SET ${set}, is_saved = 0 WHERE id = ? AND (finished_at IS NULL OR state IN ('sent', 'delivered'))`,
      ...bound,
      id,
    )
  }

  /** What is over by now, and what had its time for an answer and waits again. */
  expire(now: number): string[] {
    const due = this.#rows('due_at <= ? ORDER BY seq', now)
    for (const { command, state } of due) {
      const again = state === 'sent' && command.twoWay && command.persistent && now < command.expiresAt
      if (again) this.#requeue(command.id)
      else if (state === 'sent' && !command.twoWay) this.#endOneWay(handing)
      else this.finish(command.id, 'expired', undefined, now)
    }
    return due.map(({ command }) => command.id)
  }

  nextDeadline(): number | undefined {
    if (!this.#storage.isReady) return undefined
    const query = 'SELECT min(due_at) AS due FROM commands'
    return this.#storage.sql.exec<{ due: number | null }>(query).one().due ?? undefined
  }

  unsaved(): CommandRow[] {
    return this.#rows('is_saved = 0 ORDER BY seq LIMIT ?', limits.commandsPerSave)
  }

  /** As they are now: what changed meanwhile is saved again. Of those that are over a few stay, to know a repeat by. */
  saved(rows: readonly CommandRow[]): void {
    for (const { command, state, attempt, finishedAt } of rows) {
      this.#storage.sql.exec(
        'UPDATE commands SET is_saved = 1 WHERE id = ? AND state = ? AND attempt = ? AND finished_at IS ?',
        command.id,
        state,
        attempt,
        finishedAt,
      )
    }
    this.#storage.sql.exec(
      `DELETE FROM commands WHERE is_saved = 1 AND finished_at IS NOT NULL AND seq NOT IN
        (SELECT seq FROM commands WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, seq DESC LIMIT ?)`,
      limits.commandsRemembered,
    )
  }
}

export function toRequest({ command, attempt }: CommandRow): CommandRequest {
  const { requestId, method, params } = command
  return { requestId, method, params, attempt }
}

export function toStatus({ command, state, way, result, sentAt, deliveredAt, finishedAt }: CommandRow): CommandStatus {
  return {
    id: command.id,
    requestId: command.requestId,
    state,
    ...(way !== null && way !== handing && { transport: way.split(':')[0] as string }),
    ...(result !== undefined && { result }),
    ...(sentAt !== null && { sentAt }),
    ...(deliveredAt !== null && { deliveredAt }),
    ...(finishedAt !== null && { finishedAt }),
  }
}

export function toRecord({ command, state, result, sentAt, deliveredAt, finishedAt }: CommandRow) {
  const { id, requestId, method, twoWay, persistent, createdAt, expiresAt } = command
  return {
    id,
    requestId,
    method,
    params: JSON.stringify(command.params ?? null),
    twoWay,
    persistent,
    status: state,
    result: result === undefined ? null : JSON.stringify(result),
    createdBy: command.createdBy ?? null,
    createdAt,
    expiresAt,
    sentAt,
    deliveredAt,
    finishedAt,
  }
}
