import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { ConnackPacket, ConnectPacket, Version, Will } from '../packets.ts'
import { PacketFault, reasons } from '../reason-codes.ts'
import { ownTopic } from '../topics.ts'
import type { Client } from './client.ts'
import type { Context } from './context.ts'
import type { Opened, Speaker } from './ports.ts'

const withoutEnd = 0xffffffff

/** Whatever it throws becomes the CONNACK's code. */
export async function handleConnect(context: Context, packet: ConnectPacket): Promise<void> {
  const { ports, version = 4 } = context
  checkClientId(packet, version)
  checkMethod(packet)
  const speaker = await authenticate(context, packet)
  const will = ownWill(packet, speaker)
  const expirySeconds = wishedExpiry(packet, version)
  const { clientId, isClean, receiveMaximum = 0xffff } = packet
  const request = { speaker, clientId, isClean, expirySeconds, receiveMaximum, ...(will && { will }) }
  const opened = await ports.open(request).catch(unavailableAtConnect)
  context.hold()
  if (context.isEnded) return context.leave({ withWill: true, why: 'The connection ended while it was being opened.' })
  const client = toClient(packet, version, speaker, opened)
  context.client = client
  // Whoever takes no packet of this size cannot be told.
  if (!context.send(toConnack(packet, client, opened))) return context.abandon()
  for (const packetId of opened.inbound ?? []) context.incoming.take(packetId)
  // What came since the session opened goes out behind the CONNACK. [MQTT-3.2.0-1]
  context.outgoing.start(client, opened.resume)
}

function checkClientId({ clientId, isClean }: ConnectPacket, version: Version): void {
  // MQTT 3.1.1: [MQTT-3.1.3-8]
  const isMissing = clientId === '' && version === 4 && !isClean
  if (!isMissing && Buffer.byteLength(clientId) <= limits.mqttClientIdBytes) return
  throw new PacketFault(reasons.clientIdInvalid, `A client id has 1 to ${limits.mqttClientIdBytes} bytes.`)
}

/** [MQTT-4.12.0-1] */
function checkMethod({ authenticationMethod }: ConnectPacket): void {
  if (authenticationMethod === undefined) return
  throw new PacketFault(reasons.badAuthenticationMethod, 'A user name is the only way to sign in here.')
}

async function authenticate({ ports }: Context, { clientId, username, password }: ConnectPacket): Promise<Speaker> {
  const credentials = { clientId, ...(username !== undefined && { username }), ...(password && { password }) }
  const speaker = await ports.authenticate(credentials).catch(unavailableAtConnect)
  if (speaker) return speaker
  const reasonCode = username === undefined ? reasons.notAuthorized : reasons.badCredentials
  throw new PacketFault(reasonCode, 'The user name is no known device token.')
}

/** CONNACK and DISCONNECT have different codes for the same. */
function unavailableAtConnect(thrown: unknown): never {
  if (!(thrown instanceof AppError) || thrown.code !== 'unavailable') throw thrown
  throw new PacketFault(reasons.serverUnavailable, thrown.detail)
}

function ownWill({ will }: ConnectPacket, { token }: Speaker): Will | undefined {
  if (!will) return undefined
  const own = ownTopic(will.message.topic, token)
  if (!own) throw new PacketFault(reasons.notAuthorized, "The will's topic is not this device's.")
  return { ...will, message: { ...will.message, topic: own.topic } }
}

function wishedExpiry({ isClean, sessionExpiryInterval = 0 }: ConnectPacket, version: Version): number {
  if (version === 5) return sessionExpiryInterval
  return isClean ? 0 : withoutEnd
}

function toClient(packet: ConnectPacket, version: Version, speaker: Speaker, opened: Opened): Client {
  const { maximumPacketSize } = packet
  return {
    version,
    clientId: packet.clientId || (opened.assignedClientId ?? ''),
    speaker,
    keepAlive: version === 5 ? grantedKeepAlive(packet) : packet.keepAlive,
    expirySeconds: opened.expirySeconds ?? wishedExpiry(packet, version),
    receiveMaximum: packet.receiveMaximum ?? 0xffff,
    topicAliasMaximum: packet.topicAliasMaximum ?? 0,
    wantsReasons: packet.wantsReasons,
    ...(maximumPacketSize !== undefined && { maximumPacketSize }),
  }
}

/** [MQTT-3.1.2-21] */
function grantedKeepAlive({ keepAlive }: ConnectPacket): number {
  return keepAlive === 0 ? limits.mqttKeepAliveSeconds : Math.min(keepAlive, limits.mqttKeepAliveSeconds)
}

function toConnack(packet: ConnectPacket, client: Client, { sessionPresent }: Opened): ConnackPacket {
  const { keepAlive, expirySeconds, clientId, version } = client
  const offer = {
    ...(expirySeconds !== wishedExpiry(packet, version) && { sessionExpiryInterval: expirySeconds }),
    // [MQTT-3.2.2-16]
    ...(packet.clientId === '' && { assignedClientIdentifier: clientId }),
    ...(keepAlive !== packet.keepAlive && { serverKeepAlive: keepAlive }),
    receiveMaximum: limits.mqttReceiveMaximum,
    maximumPacketSize: limits.mqttPacketBytes,
    topicAliasMaximum: limits.mqttTopicAliases,
  }
  return { type: 'connack', sessionPresent, reasonCode: reasons.success, offer }
}
