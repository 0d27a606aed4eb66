import type { Aggregation, Point } from '../../domain/time-series.ts'

export interface QueryInput {
  readonly deviceIds: readonly string[]
  /** Empty: every key that the devices have. */
  readonly keys: readonly string[]
  readonly from: number
  readonly to: number
  readonly aggregation: Aggregation
  readonly interval?: number | undefined
  readonly maxDataPoints?: number | undefined
  readonly combineDevices: boolean
}

export interface Series {
  /** null where one series stands for all the devices. */
  readonly deviceId: string | null
  readonly deviceIds?: readonly string[]
  readonly key: string
  readonly points: readonly Point[]
}
