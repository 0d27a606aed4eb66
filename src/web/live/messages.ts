import type { DeviceEvent, Scope } from '../api/types.ts'

export interface Reading {
  readonly ts: number
  readonly values: Readonly<Record<string, unknown>>
}

export type FeedMessage =
  | { readonly type: 'readings'; readonly readings: readonly Reading[] }
  | { readonly type: 'attribute'; readonly scope: Scope; readonly key: string; readonly value: unknown }
  | { readonly type: 'command' }
  | { readonly type: 'event'; readonly event: Omit<DeviceEvent, 'id'> }
  /** Something may have been missed: what is shown has to be loaded anew. */
  | { readonly type: 'reset' }

export type FeedStatus = 'connecting' | 'live' | 'reconnecting'

export interface FeedListener {
  readonly onMessage: (message: FeedMessage) => void
  readonly onStatus: (status: FeedStatus) => void
}
