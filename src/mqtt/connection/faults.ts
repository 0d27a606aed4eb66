import { AppError, type Fault, fromFault as toError } from '../../domain/errors.ts'
import { log } from '../../log.ts'
import { PacketFault, reasons } from '../reason-codes.ts'

/** Whatever was thrown, as what ends the connection; what nobody foresaw gives none of its words. */
export function toPacketFault(thrown: unknown): PacketFault {
  if (thrown instanceof PacketFault) return thrown
  if (thrown instanceof AppError) return new PacketFault(thrown.kind.mqtt5 ?? reasons.unspecified, thrown.detail)
  log('error', 'mqtt_connection_failed', { error: thrown })
  return new PacketFault(reasons.unspecified, 'Something went wrong here.')
}

export function fromFault(fault: Fault): PacketFault {
  return toPacketFault(toError(fault))
}
