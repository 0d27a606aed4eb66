import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'
import { MqttConnection } from '../../../src/mqtt/connection/connection.ts'
import type {
  BrokerPorts,
  Inbound,
  Leaving,
  OpenRequest,
  Outbound,
  Wanted,
} from '../../../src/mqtt/connection/ports.ts'
import type { Version } from '../../../src/mqtt/packets.ts'

export const token = 'TOKEN'
export const own = (path: string) => `devices/${token}/${path}`
/** As what is handed on names it. */
export const canonical = (path: string) => `me/${path}`
export const bytes = (text: string) => new TextEncoder().encode(text)

export type Call = readonly [name: keyof BrokerPorts, ...args: unknown[]]

/** Ports that do as they are told and remember, and a socket whose bytes are read by mqtt-packet. */
export function openConnection({
  version = 4,
  now = 0,
  ...overrides
}: Partial<Omit<BrokerPorts, 'now'>> & { version?: Version; now?: number } = {}) {
  const calls: Call[] = []
  const socket = fakeSocket(version)
  const ports: BrokerPorts = {
    authenticate: async ({ username, clientId }) => ((username ?? clientId) === token ? { token } : undefined),
    open: async () => ({ sessionPresent: false }),
    publish: async (messages) => messages.map(() => 'done'),
    refused: () => {},
    awaitRelease: async () => {},
    subscribe: async (filters) => ({ codes: filters.map(({ qos }) => qos) }),
    unsubscribe: async (filters) => filters.map(() => 0),
    received: () => {},
    settled: () => {},
    delivered: () => {},
    close: async () => {},
    now: () => client.now,
    ...overrides,
  }
  const connection = new MqttConnection(recording(ports, calls), socket.out, now)
  const client = {
    version,
    now,
    connection,
    calls,
    ports,
    ...socket,
    /** From the client, in one cut, and all that comes of it. */
    async say(...packets: Packet[]) {
      connection.receive(Buffer.concat(packets.map((packet) => packed(packet, version))), client.now)
      await connection.idle()
    },
    async sayBytes(raw: Uint8Array | readonly number[]) {
      connection.receive(Uint8Array.from(raw), client.now)
      await connection.idle()
    },
    async connect(packet: Partial<IConnectPacket> = {}) {
      await client.say(connectPacket(version, packet))
      return client.replies.shift()
    },
    messages: () => calls.flatMap(([name, messages]) => (name === 'publish' ? (messages as Inbound[]) : [])),
    requests: () => calls.flatMap(([name, request]) => (name === 'open' ? [request as OpenRequest] : [])),
    wanted: () => calls.flatMap(([name, filters]) => (name === 'subscribe' ? (filters as Wanted[]) : [])),
    closes: () => calls.flatMap(([name, how]) => (name === 'close' ? [withoutWords(how as Leaving)] : [])),
  }
  return client
}

function withoutWords({ why: _, ...how }: Leaving): Omit<Leaving, 'why'> {
  return how
}

export function recording(ports: BrokerPorts, calls: Call[]): BrokerPorts {
  return new Proxy(ports, {
    get: (target, name: keyof BrokerPorts) => {
      if (name === 'now') return target.now
      const port = target[name] as (...args: unknown[]) => unknown
      return (...args: unknown[]) => {
        calls.push([name, ...structuredClone(args)])
        return port(...args)
      }
    },
  })
}

export function fakeSocket(version: Version) {
  const replies: Packet[] = []
  const state = { isClosed: false, sends: 0 }
  const reader = parser({ protocolVersion: version })
    .on('packet', ({ length: _, ...packet }: Packet) => replies.push(packet))
    .on('error', (error) => {
      throw error
    })
  const out = {
    send: (raw: Uint8Array) => {
      if (state.isClosed) throw new Error('closed')
      state.sends++
      reader.parse(Buffer.from(raw))
    },
    close: () => {
      state.isClosed = true
    },
  }
  return { replies, state, out }
}

export function packed(packet: Packet, version: Version): Buffer {
  return generate(packet, { protocolVersion: version })
}

export function connectPacket(version: Version, packet: Partial<IConnectPacket> = {}): IConnectPacket {
  const { username = token } = packet
  return { cmd: 'connect', clientId: 'c1', clean: true, keepalive: 60, ...packet, username, protocolVersion: version }
}

export function publishPacket(packet: Partial<Extract<Packet, { cmd: 'publish' }>> = {}): Packet {
  return { cmd: 'publish', topic: own('telemetry'), payload: '{"a":1}', qos: 0, dup: false, retain: false, ...packet }
}

export function outbound(
  fields: Partial<Extract<Outbound, { kind: 'publish' }>> & { topic?: string; qos?: 0 | 1 | 2; text?: string } = {},
): Outbound {
  const { topic = own('x'), qos = 0, text = 'hi', message, ...rest } = fields
  return {
    kind: 'publish',
    isDup: false,
    message: { topic, payload: bytes(text), qos, retain: false, ...message },
    ...rest,
  }
}

export function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

export const turns = async (count = 30) => {
  for (let i = 0; i < count; i++) await Promise.resolve()
}
