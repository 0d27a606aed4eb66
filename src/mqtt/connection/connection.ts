import { limits } from '../../domain/limits.ts'
import { connectVersion, decode } from '../decode.ts'
import { Framer } from '../framer.ts'
import type { AckPacket, ClientPacket, ConnectPacket, PublishPacket } from '../packets.ts'
import { PacketFault, protocolError, reasons } from '../reason-codes.ts'
import type { Client } from './client.ts'
import { handleConnect } from './connect.ts'
import { Context } from './context.ts'
import { handle, handleAtOnce } from './handle.ts'
import { Lane } from './lane.ts'
import type { BrokerPorts, Out, Outbound } from './ports.ts'
import { handlePublish } from './publish.ts'
import { handlePubrel } from './pubrel.ts'
import { readSnapshot, type Snapshot, writeSnapshot } from './snapshot.ts'

/** What is not handled yet: a packet, why nothing more can be read, or the end of the socket. */
type Waiting =
  | { readonly packet: ClientPacket; readonly cost: number }
  | { readonly fault: unknown; readonly cost: 0 }
  | { readonly isEnd: true; readonly cost: 0 }

interface Release {
  readonly packet: AckPacket
  readonly cost: number
}

/**
 * One MQTT socket. Packets are handled in their order; PUBLISH packets that wait while others are under way go on
 * together. What needs no other object (PINGREQ, acknowledgements of the client) waits for nobody, and PUBREL for no
 * PUBLISH but its own.
 *
 * Nothing here throws, waits or looks at a clock. `idle` tells when all is done.
 */
export class MqttConnection {
  readonly #context: Context
  readonly #framer = new Framer(() =>
    this.#context.version === undefined ? limits.mqttConnectBytes : limits.mqttPacketBytes,
  )
  readonly #packets = new Lane<Waiting>(countRun, (run) => this.#work(run))
  readonly #releases = new Lane<Release>(
    (waiting) => waiting.length,
    (run) => this.#release(run),
  )
  #isTaking = true
  #unanswered = 0
  /** Of the last packet; at first of the socket's opening. */
  #heardAt: number

  constructor(ports: BrokerPorts, out: Out, now: number) {
    this.#context = new Context(ports, out)
    this.#heardAt = now
  }

  /** After a hibernation, between two packets. */
  static restore({ text }: Snapshot, ports: BrokerPorts, out: Out): MqttConnection {
    const { heardAt, remainder, version, client, incoming, outgoing } = readSnapshot(text)
    const connection = new MqttConnection(ports, out, heardAt)
    const context = connection.#context
    connection.#framer.restore(remainder)
    context.version = version
    context.incoming = incoming
    if (client) {
      context.restore(client)
      context.outgoing.restore(client, outgoing)
    }
    return connection
  }

  /** Who speaks; undefined before the CONNACK. */
  get client(): Client | undefined {
    return this.#context.client
  }

  get isOpen(): boolean {
    return this.#context.isOpen
  }

  /** Nothing is under way that a snapshot would lose. */
  get isIdle(): boolean {
    return this.#packets.isIdle && this.#releases.isIdle
  }

  /** Bytes of packets that wait or are under way. */
  get unanswered(): number {
    return this.#unanswered + this.#framer.held
  }

  receive(bytes: Uint8Array, now: number): void {
    if (!this.#isTaking || !this.isOpen) return
    if (bytes.length > limits.socketBacklogBytes) {
      this.#end(tooMuch())
      return
    }
    try {
      for (const frame of this.#framer.push(bytes)) {
        this.#take(frame, now)
        if (!this.#isTaking || !this.isOpen) break
      }
    } catch (fault) {
      // Behind all that came before it.
      this.#isTaking = false
      this.#packets.add({ fault, cost: 0 })
    }
    this.#context.report()
  }

  /** From the topic space. */
  deliver(messages: readonly Outbound[]): void {
    if (!this.isOpen) return
    this.#context.outgoing.deliver(messages)
    this.#context.report()
  }

  /** Taken over (0x8E), closed by a person (0x98), shutting down (0x8B) … */
  kick(reasonCode: number, reason: string): void {
    this.#end(new PacketFault(reasonCode, reason))
  }

  /** The socket is gone. What came before is handled still: many a client publishes, says DISCONNECT and is off. */
  lost(): Promise<void> {
    this.#isTaking = false
    this.#context.shut()
    this.#packets.add({ isEnd: true, cost: 0 })
    return this.idle()
  }

  /** When a silent client is cut off; undefined: never. [MQTT-3.1.2-22] */
  deadline(): number | undefined {
    const { client } = this.#context
    if (!this.isOpen) return undefined
    if (!client) return this.#heardAt + limits.mqttConnectMs
    return client.keepAlive === 0 ? undefined : this.#heardAt + client.keepAlive * 1500
  }

  tick(now: number): void {
    const deadline = this.deadline()
    if (deadline === undefined || now < deadline) return
    this.kick(reasons.keepAliveTimeout, 'Nothing was heard for one and a half times the keep-alive.')
  }

  snapshot(): Snapshot {
    const { version, client, incoming, outgoing } = this.#context
    const remainder = this.#framer.remainder()
    return writeSnapshot({
      heardAt: this.#heardAt,
      remainder,
      version,
      client,
      incoming,
      outgoing: outgoing.snapshot(),
    })
  }

  /** Resolves when nothing waits any more and the session is left. Never rejects. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.all([this.#packets.idle(), this.#releases.idle()])
    await this.#context.left()
  }

  #take(frame: Uint8Array, now: number): void {
    const packet = this.#read(frame)
    this.#heardAt = now
    // [MQTT-3.14.4-1]
    if (packet.type === 'disconnect') this.#isTaking = false
    const { client } = this.#context
    if (client && handleAtOnce(this.#context, packet)) return
    const cost = frame.length + limits.waitingFrameBytes
    this.#unanswered += cost
    if (this.#unanswered > limits.socketBacklogBytes) {
      this.#end(tooMuch())
      return
    }
    const isReleasable = packet.type === 'pubrel' && this.#context.incoming.isReleasable(packet.packetId)
    if (isReleasable) this.#releases.add({ packet, cost })
    else this.#packets.add({ packet, cost })
  }

  #read(frame: Uint8Array): ClientPacket {
    const context = this.#context
    if (context.version === undefined) {
      context.version = connectVersion(frame)
      // [MQTT-3.1.0-1]
      if (context.version === undefined) throw protocolError('The first packet is CONNECT.')
      return decode(frame, context.version)
    }
    const packet = decode(frame, context.version)
    return packet.type === 'publish' ? context.incoming.begin(packet, context.version) : packet
  }

  async #work(run: readonly Waiting[]): Promise<void> {
    await this.#attempt(() => this.#handle(run))
    this.#context.report()
    this.#answered(run)
  }

  async #release(run: readonly Release[]): Promise<void> {
    const packets = run.map(({ packet }) => packet)
    await this.#attempt(() => handlePubrel(this.#context, packets))
    this.#answered(run)
  }

  async #handle(run: readonly Waiting[]): Promise<void> {
    const context = this.#context
    const { client, isEnded } = context
    const [first] = run
    if (!first || isEnded) return
    if ('fault' in first) throw first.fault
    if ('isEnd' in first) return context.leave({ withWill: true, why: 'The connection broke.' })
    const { packet } = first
    if (!client) return handleConnect(context, onlyConnect(packet))
    if (packet.type === 'publish') return handlePublish(context, client, run.flatMap(toPublish))
    return handle(context, client, packet)
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      this.#end(thrown)
    }
  }

  #answered(run: readonly { readonly cost: number }[]): void {
    for (const { cost } of run) this.#unanswered -= cost
  }

  #end(thrown: unknown): void {
    this.#context.end(thrown)
    this.#clear()
  }

  #clear(): void {
    this.#isTaking = false
    this.#packets.clear()
    this.#releases.clear()
  }
}

/** How many of those at the head go together: PUBLISH packets, up to a size. */
function countRun(waiting: readonly Waiting[]): number {
  let count = 0
  let bytes = 0
  for (const one of waiting) {
    bytes += one.cost
    if (toPublish(one).length === 0 || count === limits.runFrames || (count > 0 && bytes > limits.runBytes)) break
    count++
  }
  return count
}

function toPublish(waiting: Waiting): PublishPacket[] {
  return 'packet' in waiting && waiting.packet.type === 'publish' ? [waiting.packet] : []
}

function onlyConnect(packet: ClientPacket): ConnectPacket {
  if (packet.type !== 'connect') throw protocolError('The first packet is CONNECT.')
  return packet
}

function tooMuch(): PacketFault {
  return new PacketFault(reasons.quotaExceeded, 'Too much is not acknowledged; wait for acknowledgements.')
}
