import type { AttributeChanges } from './attribute.ts'
import type { Command } from './command.ts'
import { AppError } from './errors.ts'
import { newCommandId } from './ids.ts'
import { limits } from './limits.ts'

/** A downlink as network servers are given it. */
export interface DownlinkOrder {
  /** Our id of it, which comes back where the server keeps such. */
  readonly id: string
  /** Base64, or a document that the server's own encoder makes bytes of. */
  readonly payload: { readonly bytes: string } | { readonly document: Readonly<Record<string, unknown>> }
  readonly fPort: number
  /** The device is to say that it has it. */
  readonly isConfirmed: boolean
  /** What waits at the server for this device goes. */
  readonly replaces: boolean
  /** Epoch ms: of no use after it. */
  readonly expiresAt: number
}

/**
 * Params may say which bytes on which port. Else the server's encoder is given what a socket would be told.
 * @throws AppError validation_rejected
 */
export function readOrder(command: Command): DownlinkOrder {
  const { id, method, params, twoWay, expiresAt } = command
  const { bytes, object, fPort = 1, confirmed = twoWay, replace = false } = isRecord(params) ? params : {}
  if (!Number.isInteger(fPort) || (fPort as number) < 1 || (fPort as number) > 223) {
    throw invalid('fPort is a whole number from 1 to 223.')
  }
  if (typeof confirmed !== 'boolean' || typeof replace !== 'boolean') {
    throw invalid('confirmed and replace are true or false.')
  }
  const document = object ?? { method, params: params ?? {} }
  if (!isRecord(document)) throw invalid('object is a JSON object.')
  const payload = bytes === undefined ? { document } : { bytes: readBytes(bytes) }
  return { id, payload, fPort: fPort as number, isConfirmed: confirmed, replaces: replace, expiresAt }
}

/** Changes of shared attributes for a device that nothing but a network server leads to. A deleted one is null. */
export function sharedAttributesCommand(changes: AttributeChanges, now: number): Command {
  const id = newCommandId(now)
  const params = { object: { attributes: Object.fromEntries(changes) } }
  const kind = { method: 'shared_attributes', params, twoWay: true, persistent: true }
  const times = { timeoutMs: limits.commandTimeoutMs, createdAt: now, expiresAt: now + limits.commandExpiryMs }
  return { id, requestId: id, ...kind, ...times }
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

function readBytes(bytes: unknown): string {
  if (typeof bytes !== 'string' || !base64.test(bytes)) throw invalid('bytes is base64 (RFC 4648, section 4).')
  const length = (bytes.length / 4) * 3 - (bytes.endsWith('==') ? 2 : Number(bytes.endsWith('=')))
  if (length > limits.downlinkBytes) throw invalid(`A downlink has at most ${limits.downlinkBytes} bytes.`)
  return bytes
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(detail: string): AppError {
  return new AppError('validation_rejected', { reason: 'field_invalid', detail })
}
