import type { Command, CommandRequest, CommandState, CommandStatus } from '../../domain/command.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'

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

/** Being handed over: whether it arrived is not known yet. */
export const handing = 'handing'
/** A network server is being asked to take it. */
export const asking = 'asking'

/** As SQLite has it. */
export type StoredCommand = Record<string, SqlStorageValue> & {
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

export function toRow(row: StoredCommand): CommandRow {
  return {
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
    ...(way !== null && way !== handing && way !== asking && { transport: way.split(':')[0] as string }),
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

/** The same requestId with the same words is the same command, sent again because its answer was lost. */
export function sameOrConflict(known: CommandRow, { method, params }: Command): CommandRow {
  const words = JSON.stringify([method, params])
  if (JSON.stringify([known.command.method, known.command.params]) === words) return known
  const detail = 'This requestId came with another command; leave it out to get a new one.'
  throw new AppError('conflict', { detail })
}

/** What is kept of an answer. */
export function bounded(body: unknown): unknown {
  const text = JSON.stringify(body) ?? 'null'
  const size = new TextEncoder().encode(text).length
  return size <= limits.commandResultBytes ? body : { truncated: true, size, text: text.slice(0, 1_024) }
}
