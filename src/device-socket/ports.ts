import type { AppError, Fault } from '../domain/errors.ts'
import type { RejectedUplink } from '../domain/uplink.ts'
import type { ReadableScope, ServerFrame, TelemetryFrame } from './frames.ts'

export interface TelemetryTaken {
  readonly accepted: number
  readonly rejected?: readonly RejectedUplink[]
}

/** What a session asks of the rest of the house. A port that rejects is answered by an error frame. */
export interface SessionPorts {
  /** A run of frames at once; one result a frame, in order. Records itself what it refuses. */
  telemetry(frames: readonly TelemetryFrame[]): Promise<readonly (TelemetryTaken | Fault)[]>
  saveClientAttributes(changes: unknown, childDeviceId?: string): Promise<void>
  attributes(scope: ReadableScope, keys?: readonly string[], childDeviceId?: string): Promise<Record<string, unknown>>
  /** False: no command waits for this answer. */
  answerCommand(answer: {
    readonly requestId: string
    readonly body: unknown
    readonly childDeviceId?: string
  }): Promise<boolean>
  /** A frame that asks for nothing: the device is there. */
  heard(): Promise<void>
  isOwnToken(token: string): boolean | Promise<boolean>
  /** What is refused for good, besides telemetry, goes to the device's events before it is answered. */
  refused(error: AppError, raw: string | ArrayBuffer): Promise<void>
}

/** The socket. */
export interface SessionOut {
  send(frame: ServerFrame): void
  close(code: number, reason: string): void
}
