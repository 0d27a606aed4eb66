/** MQTT 5 reason codes that this side gives or looks at. */
export const reasons = {
  success: 0x00,
  noSubscription: 0x11,
  unspecified: 0x80,
  malformed: 0x81,
  protocolError: 0x82,
  unsupportedVersion: 0x84,
  clientIdInvalid: 0x85,
  badCredentials: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  takenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  sharedNotSupported: 0x9e,
} as const

/** Where the standard calls a code an error. */
export const isFailure = (reasonCode: number) => reasonCode >= 0x80

/** The CONNACK return codes of MQTT 3.1.1; what has none ends without a CONNACK. */
const returnCodes: Readonly<Record<number, number>> = {
  [reasons.success]: 0,
  [reasons.unsupportedVersion]: 1,
  [reasons.clientIdInvalid]: 2,
  [reasons.unspecified]: 3,
  [reasons.serverUnavailable]: 3,
  [reasons.quotaExceeded]: 3,
  [reasons.badCredentials]: 4,
  [reasons.notAuthorized]: 5,
  [reasons.badAuthenticationMethod]: 5,
}

export function toReturnCode(reasonCode: number): number | undefined {
  return returnCodes[reasonCode]
}

/** What ends a connection, with the code that the standard names for it. */
export class PacketFault extends Error {
  readonly reasonCode: number

  constructor(reasonCode: number, detail: string) {
    super(detail)
    this.name = 'PacketFault'
    this.reasonCode = reasonCode
  }
}

export const malformed = (detail: string) => new PacketFault(reasons.malformed, detail)
export const protocolError = (detail: string) => new PacketFault(reasons.protocolError, detail)
