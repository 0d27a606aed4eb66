import type { AttributeScope, AttributeValue } from '../domain/attribute.ts'
import type { ErrorCode, ErrorReason } from '../domain/errors.ts'

/** The sender's mark: echoed in the answer, and for telemetry what a repeat is recognised by. */
export type FrameId = string | number

interface Marked {
  readonly id?: FrameId
}

export interface AuthFrame extends Marked {
  readonly type: 'auth'
  readonly deviceToken: string
}

/** As the connector `websocket` reads it; `raw` is for the device's events. */
export interface TelemetryFrame extends Marked {
  readonly type: 'telemetry'
  readonly data: object
  readonly ts?: unknown
  readonly raw: string
}

export interface ClientAttributeFrame extends Marked {
  readonly type: 'client_attribute'
  /** No prototype: any text is a key. */
  readonly changes: Readonly<Record<string, unknown>>
  readonly childDeviceId?: string
}

export interface GetAttributesFrame extends Marked {
  readonly type: 'get_attributes'
  readonly scope: ReadableScope
  readonly keys?: readonly string[]
  readonly childDeviceId?: string
}

export interface RpcResponseFrame extends Marked {
  readonly type: 'rpc_response'
  readonly requestId: string
  readonly body: unknown
  readonly childDeviceId?: string
}

export interface PingFrame extends Marked {
  readonly type: 'ping'
}

export type ClientFrame =
  | AuthFrame
  | TelemetryFrame
  | ClientAttributeFrame
  | GetAttributesFrame
  | RpcResponseFrame
  | PingFrame

/** Server attributes are seen by apps only. */
export type ReadableScope = Exclude<AttributeScope, 'server'>

/** One item of a telemetry frame's array that was refused. */
export interface RejectedItem {
  readonly index: number
  readonly code: ErrorCode
  readonly reason?: ErrorReason
  readonly detail: string
}

export type ServerFrame =
  | {
      readonly type: 'auth_result'
      readonly success: boolean
      readonly code?: ErrorCode
      readonly detail?: string
      readonly id?: FrameId
    }
  | {
      readonly type: 'ack'
      readonly accepted: number
      readonly rejected?: readonly RejectedItem[]
      readonly id?: FrameId
    }
  | {
      readonly type: 'error'
      readonly code: ErrorCode
      readonly reason?: ErrorReason
      readonly detail: string
      readonly retryable: boolean
      /** Seconds. */
      readonly retryAfter?: number
      readonly id?: FrameId
    }
  | {
      readonly type: 'attributes_response'
      readonly data: Readonly<Record<string, unknown>>
      readonly childDeviceId?: string
      readonly id?: FrameId
    }
  | {
      readonly type: 'attribute_update'
      readonly key: string
      readonly value: AttributeValue | null
      readonly deleted?: true
      readonly childDeviceId?: string
    }
  | {
      readonly type: 'rpc_request'
      readonly requestId: string
      readonly method: string
      readonly params: unknown
      /** Above 0: the device may have seen it before. */
      readonly attempt?: number
      readonly childDeviceId?: string
    }
  | { readonly type: 'pong'; readonly id?: FrameId }
