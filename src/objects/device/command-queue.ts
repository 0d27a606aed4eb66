import type { Command, CommandState } from '../../domain/command.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { asking, type CommandRow, handing, type StoredCommand, toRow } from './command-row.ts'
import type { DeviceStorage } from './storage.ts'

export const commandMigrations = [
  `CREATE TABLE commands (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, request_id TEXT NOT NULL, command TEXT NOT NULL,
    device TEXT NOT NULL, state TEXT NOT NULL, way TEXT, attempt INTEGER NOT NULL DEFAULT 0, result TEXT,
    sent_at INTEGER, delivered_at INTEGER, finished_at INTEGER, due_at INTEGER, is_saved INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
]

/** Told to the device, which may have said that it has it, and not answered. */
const isOut = "state IN ('sent', 'delivered')"

/** `mark`: by which a network server names it. */
export const commandMarkMigration = 'ALTER TABLE commands ADD COLUMN mark TEXT'

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
      .exec<StoredCommand>(`SELECT * FROM commands WHERE ${where}`, ...bound)
      .toArray()
      .map(toRow)
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
    const own = "state = 'queued' AND way IS NULL AND json_extract(command, '$.expiresAt') > ?"
    return this.#rows(`${own} ORDER BY seq LIMIT ?`, now, most)
  }

  /** It waits for a way. */
  isWithUs(id: string): boolean {
    const row = this.get(id)
    return row?.state === 'queued' && row.way === null
  }

  /** Given up if the device does not ask by then. */
  awaitPoll(id: string, until: number): void {
    this.#storage.sql.exec("UPDATE commands SET due_at = min(due_at, ?) WHERE id = ? AND state = 'queued'", until, id)
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
    if (way !== undefined) this.endOneWay(command.id)
  }

  /** It went by this way; an answer may have been quicker. */
  markWay(id: string, way: string): void {
    if (!this.#storage.isReady) return
    this.#storage.sql.exec(`UPDATE commands SET way = ? WHERE id = ? AND ${isOut} AND way = ?`, way, id, handing)
    this.endOneWay(id)
  }

  /** No way took it; a persistent one is tried again after a while, whoever fails to say that a way opened. */
  unsend(id: string, now: number): void {
    if (!this.#storage.isReady) return
    this.#storage.sql.exec(
      `UPDATE commands SET state = 'queued', way = NULL, sent_at = NULL, finished_at = NULL, is_saved = 0,
        due_at = min(json_extract(command, '$.expiresAt'), ?) WHERE id = ? AND state = 'sent' AND way = ?`,
      now + limits.commandRetryMaxMs,
      id,
      handing,
    )
  }

  /** One that asks for no answer is over when it is handed over, as `sent`: nobody says more of it. */
  endOneWay(id: string): void {
    this.#storage.sql.exec(
      `UPDATE commands SET finished_at = sent_at, due_at = NULL, is_saved = 0
        WHERE id = ? AND ${isOut} AND finished_at IS NULL AND NOT json_extract(command, '$.twoWay')`,
      id,
    )
  }

  /** What waits is tried again by then. */
  retryBy(at: number): void {
    if (!this.#storage.isReady) return
    this.#storage.sql.exec("UPDATE commands SET due_at = min(due_at, ?) WHERE state = 'queued' AND way IS NULL", at)
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
    const unanswered = this.#rows(`${isOut} AND finished_at IS NULL AND way = ?`, way)
    const lost = unanswered.filter(({ command }) => command.persistent && command.twoWay)
    for (const { command } of lost) this.#requeue(command.id)
    for (const { command } of unanswered) this.endOneWay(command.id)
    return lost.length
  }

  /**
   * A network server is asked, which queues by itself and may tell days later: what does not wait for its device
   * otherwise waits there.
   */
  markAsking({ command }: CommandRow, until: number): void {
    const expiresAt = Math.max(command.expiresAt, until)
    const kept = JSON.stringify({ ...command, expiresAt })
    this.#change(command.id, "state = 'queued', way = ?, command = ?, due_at = ?", asking, kept, expiresAt)
  }

  /** It waits at the network server. Whether its device is to say that it has it is for its params to say. */
  markTaken(id: string, way: string, mark: string, isConfirmed: boolean): void {
    const set = "way = ?, mark = ?, command = json_set(command, '$.twoWay', json(?)), is_saved = 0"
    this.#storage.sql.exec(
      `UPDATE commands SET ${set} WHERE id = ? AND way = ? AND finished_at IS NULL`,
      way,
      mark,
      String(isConfirmed),
      id,
      asking,
    )
  }

  /** It was not taken. `isDoubtful`: it may have been. */
  unask(id: string, isDoubtful: boolean): void {
    this.#storage.sql.exec(
      'UPDATE commands SET way = NULL, attempt = attempt + ?, is_saved = 0 WHERE id = ? AND way = ? AND finished_at IS NULL',
      isDoubtful ? 1 : 0,
      id,
      asking,
    )
  }

  /** It waits there, though it was not known to. */
  foundAt(id: string, way: string, mark: string): void {
    const set = 'way = ?, mark = ?, is_saved = 0'
    this.#storage.sql.exec(
      `UPDATE commands SET ${set} WHERE id = ? AND state = 'queued' AND way IS NULL`,
      way,
      mark,
      id,
    )
  }

  /** Those that were being asked for when the object was cut short. */
  asked(): CommandRow[] {
    return this.#rows("state = 'queued' AND way = ?", asking)
  }

  /** Those that wait at this network server. */
  waitingAt(way: string): CommandRow[] {
    return this.#rows("state = 'queued' AND way = ?", way)
  }

  /** The one that a network server calls so: by the id that it gave, or by ours. */
  byMark(marks: readonly string[]): CommandRow | undefined {
    const listed = 'IN (SELECT value FROM json_each(?))'
    const json = JSON.stringify(marks)
    return this.#rows(`mark ${listed} OR id ${listed} ORDER BY seq DESC LIMIT 1`, json, json)[0]
  }

  /** The network server sent it. One that the device need not confirm is over: nobody says more of it. */
  markTransmitted({ command: { id, twoWay } }: CommandRow, at: number): void {
    if (twoWay) this.#change(id, "state = 'sent', sent_at = ?", at)
    else this.#change(id, "state = 'sent', sent_at = ?, finished_at = ?, due_at = NULL", at, at)
  }

  /** The device's own word that it has it, and the last that will be heard of it. It counts whatever was said before. */
  markConfirmed(id: string, at: number): void {
    this.#storage.sql.exec(
      `UPDATE commands SET state = 'delivered', sent_at = coalesce(sent_at, ?1), delivered_at = ?1, finished_at = ?1,
        due_at = NULL, result = NULL, is_saved = 0 WHERE id = ?2`,
      at,
      id,
    )
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
    for (const row of due) this.#overdue(row, now)
    return due.map(({ command }) => command.id)
  }

  #overdue({ command, state }: CommandRow, now: number): void {
    const { id, persistent, twoWay, expiresAt } = command
    const isAlive = now < expiresAt
    const isOut = state === 'sent' || state === 'delivered'
    if (isAlive && state === 'queued') {
      if (persistent) this.#tryBy(id, Math.min(expiresAt, now + limits.commandRetryMaxMs))
      else this.finish(id, 'failed', { success: false, code: 'device_offline' }, now)
    } else if (isAlive && isOut && twoWay && persistent) this.#requeue(id)
    else if (isOut && !twoWay) this.endOneWay(id)
    else this.finish(id, 'expired', undefined, now)
  }

  #tryBy(id: string, at: number): void {
    this.#storage.sql.exec('UPDATE commands SET due_at = ? WHERE id = ?', at, id)
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
