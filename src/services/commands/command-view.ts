import type { CommandState } from '../../domain/command.ts'
import type { CommandRecord } from '../../store/commands.ts'

/** A command as answers show it. */
export interface CommandView {
  readonly id: string
  readonly requestId: string
  readonly method: string
  readonly params: unknown
  readonly twoWay: boolean
  readonly persistent: boolean
  readonly state: CommandState
  readonly result?: unknown
  readonly createdBy: string | null
  readonly createdAt: number
  readonly expiresAt: number
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  readonly finishedAt: number | null
}

export function toCommandView(row: CommandRecord): CommandView {
  const { id, requestId, method, twoWay, persistent, createdBy, createdAt, expiresAt } = row
  return {
    id,
    requestId,
    method,
    params: JSON.parse(row.params),
    twoWay,
    persistent,
    state: row.status,
    ...(row.result !== null && { result: JSON.parse(row.result) as unknown }),
    createdBy,
    createdAt,
    expiresAt,
    sentAt: row.sentAt,
    deliveredAt: row.deliveredAt,
    finishedAt: row.finishedAt,
  }
}
