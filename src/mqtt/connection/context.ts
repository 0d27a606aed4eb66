import { isLongerThan } from '../../domain/text.ts'
import { encode } from '../encode.ts'
import type { ServerPacket, Version } from '../packets.ts'
import { PacketFault, reasons, toReturnCode } from '../reason-codes.ts'
import { maximumTextBytes } from '../topics.ts'
import type { Client } from './client.ts'
import { toPacketFault } from './faults.ts'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import type { BrokerPorts, Leaving, Out } from './ports.ts'

/** Those that a CONNACK may carry; what ends a connection otherwise before its CONNACK, ends it without one. */
const refusals = new Set<number>([0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8c, 0x90, 0x95, 0x97])

/** What the handlers of one connection share. */
export class Context {
  readonly ports: BrokerPorts
  readonly outgoing = new Outgoing(
    (packet) => this.send(packet),
    () => this.ports.now(),
  )
  incoming = new Incoming()
  /** Known from the CONNECT on. */
  version: Version | undefined
  /** Known from the CONNACK on. */
  client: Client | undefined
  readonly #out: Out
  #isOpen = true
  #isEnded = false
  #hasSession = false
  #leaving: Promise<void> | undefined

  constructor(ports: BrokerPorts, out: Out) {
    this.ports = ports
    this.#out = out
  }

  /** The socket. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** This side ended it: what waits is dropped. A socket that is gone does not end it. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** False: the client takes no packet of this size, and it did not go out. */
  send(packet: ServerPacket): boolean {
    try {
      const bytes = this.#encode(packet)
      if (bytes) this.#write(bytes)
      return bytes !== undefined
    } catch (thrown) {
      this.end(thrown)
      return true
    }
  }

  /** Acknowledgements, in one frame of the socket. What cannot be acknowledged within the client's limits ends it. */
  acknowledge(packets: readonly ServerPacket[]): void {
    const all = packets.flatMap((packet) => this.#encode(packet) ?? [])
    const [first] = all
    if (first) this.#write(all.length === 1 ? first : concat(all))
    if (all.length === packets.length) return
    this.end(new PacketFault(reasons.packetTooLarge, 'The client takes no packet of the size of this answer.'))
  }

  /** The topic space has the session: whoever ends this connection must tell it. */
  hold(): void {
    this.#hasSession = true
  }

  restore(client: Client): void {
    this.client = client
    this.version = client.version
    this.#hasSession = true
  }

  /** Tells the topic space what the client has. */
  report(): void {
    const { received, settled, receipts } = this.outgoing.report()
    if (received.length > 0) this.ports.received(received)
    if (settled.length > 0) this.ports.settled(settled)
    if (receipts.length > 0) this.ports.delivered(receipts)
  }

  saveUnreleased(): Promise<void> {
    const isKept = this.client !== undefined && this.client.expirySeconds > 0
    return isKept ? this.ports.awaitRelease(this.incoming.unreleased) : Promise.resolve()
  }

  /** Ends the connection from this side, with a word to the client where its version has one. */
  end(thrown: unknown): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const fault = toPacketFault(thrown)
    this.#tell(fault)
    this.shut(fault)
    if (fault.reasonCode === reasons.takenOver) this.#hasSession = false
    void this.leave({ withWill: true, why: fault.message })
  }

  /** Ends the connection without a word. */
  abandon(): Promise<void> {
    this.#isEnded = true
    this.shut()
    return this.leave({ withWill: true, why: 'The client takes no packet of the size of a CONNACK.' })
  }

  /** Closes the socket, and nothing else. */
  shut(fault?: PacketFault): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#out.close(fault)
    } catch {
      // It is gone already.
    }
  }

  /** Leaves the session, once. Never rejects: an object that does not hear it finds the connection lost by itself. */
  leave(how: Leaving): Promise<void> {
    if (this.#hasSession) {
      this.#hasSession = false
      this.#leaving = this.ports.close(how).catch(() => {})
    }
    return this.left()
  }

  /** Resolves when the session is left, if it is being left. */
  left(): Promise<void> {
    return this.#leaving ?? Promise.resolve()
  }

  #tell({ reasonCode, message }: PacketFault): void {
    if (this.version === undefined) return
    if (this.client) {
      if (this.version === 5) this.send({ type: 'disconnect', reasonCode, reason: message })
      return
    }
    const isSaid = this.version === 5 ? refusals.has(reasonCode) : toReturnCode(reasonCode) !== undefined
    if (isSaid) this.send({ type: 'connack', sessionPresent: false, reasonCode, reason: message })
  }

  /** Undefined: the client takes no packet of this size, or it would have a text that has no room in MQTT. */
  #encode(packet: ServerPacket): Uint8Array | undefined {
    const { client, version = 4 } = this
    const most = client?.maximumPacketSize ?? Number.POSITIVE_INFINITY
    const hasReason = 'reason' in packet && packet.reason !== undefined
    const isReasonWanted = client?.wantsReasons !== false || packet.type === 'disconnect'
    if (packet.type === 'publish' && isLongerThan(packet.topic, maximumTextBytes)) return undefined
    const bytes = encode(hasReason && !isReasonWanted ? withoutReason(packet) : packet, version)
    if (bytes.length <= most) return bytes
    const shorter = hasReason ? encode(withoutReason(packet), version) : bytes
    return shorter.length <= most ? shorter : undefined
  }

  /** A socket that went away throws; whoever holds it learns that from its own close handler. */
  #write(bytes: Uint8Array): void {
    if (!this.#isOpen) return
    try {
      this.#out.send(bytes)
    } catch {
      this.shut()
    }
  }
}

function withoutReason(packet: ServerPacket): ServerPacket {
  if (!('reason' in packet)) return packet
  const { reason: _, ...rest } = packet
  return rest
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
