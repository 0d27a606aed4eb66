import type { Packet } from 'mqtt-packet'
import { MqttConnection } from '../../../src/mqtt/connection/connection.ts'
import type { BrokerPorts, Outcome } from '../../../src/mqtt/connection/ports.ts'
import type { Version } from '../../../src/mqtt/packets.ts'
import { fakeSocket, outbound, own, token } from './fakes.ts'
import { mutate, Random, randomConnect, randomPacket, toBytes } from './random-packets.ts'

export interface FuzzReport {
  readonly packets: number
  readonly connections: number
  /** By the kind of packet, with the reason of those that end or refuse. */
  readonly replies: Readonly<Record<string, number>>
}

/**
 * Random packets, whole, mutated and cut, to connections that are put to sleep, taken over and lost in between.
 * Throws at the first thing that may not be: an exception that gets out, an error that nobody foresaw, a reply that
 * mqtt-packet does not read or a client may not get, work that does not end.
 */
export async function fuzz(
  packets: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<FuzzReport> {
  const random = new Random(seed)
  const replies: Record<string, number> = {}
  const logged: unknown[] = []
  const { error } = console
  console.error = (line: unknown) => logged.push(line)
  let done = 0
  let connections = 0
  try {
    while (done < packets) {
      const round = await fuzzOne(random)
      for (const packet of round.replies) count(replies, packet)
      if (logged.length > 0) throw new Error(`seed ${seed}, connection ${connections}: ${logged[0]}`)
      connections++
      if (Math.floor(done / 50_000) !== Math.floor((done + round.packets) / 50_000)) progress(done)
      done += round.packets
    }
  } finally {
    console.error = error
  }
  return { packets: done, connections, replies }
}

async function fuzzOne(random: Random): Promise<{ packets: number; replies: readonly Packet[] }> {
  const version: Version = random.pick([4, 5])
  const socket = fakeSocket(version)
  const ports = randomPorts(random)
  let connection = new MqttConnection(ports, socket.out, 0)
  let now = 0
  let packets = 0
  const length = 1 + random.below(30)
  while (packets < length && connection.isOpen) {
    const packet = toBytes(packets === 0 ? randomConnect(random, version) : randomPacket(random, version), version)
    const bytes = random.chance(packets === 0 ? 5 : 12) ? mutate(random, packet) : packet
    const cut = random.below(bytes.length + 1)
    now += random.below(2000)
    connection.receive(bytes.subarray(0, cut), now)
    if (random.chance(20)) {
      await connection.idle()
      connection = MqttConnection.restore(connection.snapshot(), ports, socket.out)
    }
    connection.receive(bytes.subarray(cut), now)
    if (random.chance(20))
      connection.deliver([outbound({ topic: own(`t${random.below(5)}`), qos: random.pick([0, 1, 2]) })])
    if (random.chance(1)) connection.kick(0x8e, 'Taken over.')
    if (random.chance(30)) await connection.idle()
    connection.tick(now)
    packets++
  }
  await connection.idle()
  await connection.lost()
  const [first] = socket.replies
  if (first && first.cmd !== 'connack') throw new Error(`The first reply is ${first.cmd}.`)
  return { packets, replies: socket.replies }
}

function randomPorts(random: Random): BrokerPorts {
  const outcomes: readonly Outcome[] = [
    'done',
    'done',
    'done',
    { reasonCode: 0x10 },
    { reasonCode: 0x99, reason: 'It cannot be read.' },
    random.chance(10) ? { passing: { code: 'unavailable', detail: 'Away.' } } : 'done',
  ]
  const pause = async () => {
    for (let i = random.below(4); i > 0; i--) await undefined
  }
  return {
    authenticate: async ({ username }) => {
      await pause()
      return username === token ? { token } : undefined
    },
    open: async () => {
      await pause()
      return { sessionPresent: random.chance(50), assignedClientId: 'given', inbound: [3] }
    },
    publish: async (messages) => {
      await pause()
      return messages.map(() => random.pick(outcomes))
    },
    refused: () => {},
    awaitRelease: pause,
    subscribe: async (filters) => {
      await pause()
      return { codes: filters.map(() => random.pick([0, 1, 2, 0x97])), outbound: [outbound({ qos: 1 })] }
    },
    unsubscribe: async (filters) => {
      await pause()
      return filters.map(() => random.pick([0, 0x11]))
    },
    received: () => {},
    settled: () => {},
    delivered: () => {},
    now: () => 0,
    close: pause,
  }
}

function count(replies: Record<string, number>, packet: Packet): void {
  const { cmd } = packet
  if (
    ![
      'connack',
      'publish',
      'puback',
      'pubrec',
      'pubrel',
      'pubcomp',
      'suback',
      'unsuback',
      'pingresp',
      'disconnect',
    ].includes(cmd)
  ) {
    throw new Error(`A server sends no ${cmd}.`)
  }
  const code = 'reasonCode' in packet ? packet.reasonCode : 'returnCode' in packet ? packet.returnCode : undefined
  const name = code ? `${cmd} 0x${code.toString(16).padStart(2, '0')}` : cmd
  replies[name] = (replies[name] ?? 0) + 1
}
