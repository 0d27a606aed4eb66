import { AppError, type Fault, isPassing, toFault } from '../domain/errors.ts'
import type { RejectedUplink } from '../domain/uplink.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { FrameId, RejectedItem, ServerFrame } from './frames.ts'
import type { TelemetryTaken } from './ports.ts'

/** What a frame is answered with: a frame, the end of the socket, or both. */
export interface Reply {
  readonly frame?: ServerFrame
  readonly close?: CloseCode
}

export function withId(id: FrameId | undefined): { id?: FrameId } {
  return id === undefined ? {} : { id }
}

export function faultReply(fault: Fault, id: FrameId | undefined): Reply {
  const { code, reason, detail, retryAfter } = fault
  const frame: ServerFrame = {
    type: 'error',
    code,
    ...(reason && { reason }),
    detail,
    retryable: isPassing(code),
    ...(retryAfter !== undefined && { retryAfter }),
    ...withId(id),
  }
  return code === 'unauthenticated' ? { frame, close: closeCodes.unauthenticated } : { frame }
}

export function telemetryReply(result: TelemetryTaken | Fault | undefined, id: FrameId | undefined): Reply {
  if (!result) return faultReply(internal, id)
  if ('code' in result) return faultReply(result, id)
  const { accepted, rejected = [] } = result
  const [first] = rejected
  if (accepted === 0 && first) return faultReply(first.fault, id)
  const items = rejected.length > 0 && { rejected: rejected.map(toItem) }
  return { frame: { type: 'ack', accepted, ...items, ...withId(id) } }
}

function toItem({ index, fault }: RejectedUplink): RejectedItem {
  return { index, code: fault.code, ...(fault.reason && { reason: fault.reason }), detail: fault.detail }
}

const internal: Fault = { code: 'internal', detail: 'Something went wrong here; send the frame again.' }

/** Whatever was thrown; what nobody foresaw gives none of its words. */
export function toAnyFault(thrown: unknown): Fault {
  return thrown instanceof AppError ? toFault(thrown) : internal
}
