import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { FrameId } from './frames.ts'
import { checkSize, parseFrame } from './parse-frame.ts'

/**
 * On an address that names no device, the first frame says who speaks.
 * @throws AppError payload_too_large, payload_malformed, validation_rejected
 */
export function readFirstFrame(message: string | ArrayBuffer): { token: string; id?: FrameId } {
  checkSize(message, limits.firstFrameBytes)
  const frame = parseFrame(message)
  if (frame.type === 'auth') return { token: frame.deviceToken, ...(frame.id !== undefined && { id: frame.id }) }
  const detail = 'The first frame here is {"type":"auth","deviceToken":"…"}.'
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
}
