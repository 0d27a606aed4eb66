import { errorCatalog } from '../../domain/errors.ts'
import { type PacketFault, reasons } from '../../mqtt/reason-codes.ts'

/** Close codes of the WebSocket, by the fault's reason code: those that other sockets here have, as far as they go. */
const codes: Readonly<Record<number, number>> = {
  [reasons.malformed]: 1002,
  [reasons.protocolError]: 1002,
  [reasons.unsupportedVersion]: 1002,
  [reasons.badCredentials]: 4401,
  [reasons.notAuthorized]: 4401,
  [reasons.keepAliveTimeout]: 4408,
  [reasons.takenOver]: 4409,
  [reasons.packetTooLarge]: 1009,
  [reasons.serverUnavailable]: 1013,
  [reasons.quotaExceeded]: 1013,
  [errorCatalog.unavailable.mqtt5]: 1013,
  [reasons.unspecified]: 1011,
}

/** No fault: the client said DISCONNECT. A reason has 123 bytes at most (RFC 6455, 5.5). */
export function closeCodeOf(fault: PacketFault | undefined): { readonly code: number; readonly reason: string } {
  if (!fault) return { code: 1000, reason: '' }
  return { code: codes[fault.reasonCode] ?? 1002, reason: fault.message.slice(0, 120) }
}
