import type { Packet } from 'mqtt-packet'
import type { Version } from '../../../src/mqtt/packets.ts'
import { connectPacket, own, packed, publishPacket, token } from './fakes.ts'

/** Numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** 0 to most - 1. */
  below(most: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (((t ^ (t >>> 14)) >>> 0) % most) | 0
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

const topics = [
  own('telemetry'),
  own('a/b'),
  `v1/devices/me/x`,
  `v1/devices/${token}/y`,
  'v1/gateway/rpc',
  'devices/other/x',
  'ä',
]
const filters = [...topics, own('#'), own('+/b'), '#', 'a/#/b', '$share/g/x', '+/+']
const qos = [0, 1, 2] as const

/** One that a client may send, as a rule. */
export function randomPacket(random: Random, version: Version): Packet {
  const messageId = 1 + random.below(6)
  const reasonCode = random.pick([0, 0, 0, 0x10, 0x80])
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return publishPacket({
        topic: random.pick(topics),
        qos: random.pick(qos),
        messageId,
        retain: random.chance(20),
        payload: Buffer.alloc(random.below(random.chance(2) ? 3000 : 40), 65),
        properties: randomProperties(random),
      })
    case 4:
      return { cmd: 'puback', messageId, reasonCode }
    case 5:
      return { cmd: 'pubrec', messageId, reasonCode }
    case 6:
      return { cmd: 'pubrel', messageId, reasonCode: 0 }
    case 7:
      return { cmd: 'pubcomp', messageId, reasonCode: 0 }
    case 8: {
      const subscriptions = Array.from({ length: 1 + random.below(3) }, () => ({
        topic: random.pick(filters),
        qos: random.pick(qos),
        nl: random.chance(10),
        rap: random.chance(30),
        rh: random.below(3),
      }))
      const properties = random.chance(30) ? { subscriptionIdentifier: 1 + random.below(300) } : {}
      return { cmd: 'subscribe', messageId, subscriptions, properties }
    }
    case 9:
      return { cmd: 'unsubscribe', messageId, unsubscriptions: [random.pick(filters)] }
    case 10:
      return { cmd: 'pingreq' }
    default: {
      if (random.chance(80)) return { cmd: 'pingreq' }
      if (random.chance(20)) return connectPacket(version)
      return { cmd: 'disconnect', reasonCode: random.pick([0, 4]) }
    }
  }
}

export function randomConnect(random: Random, version: Version): Packet {
  const properties = {
    ...(random.chance(50) && { sessionExpiryInterval: random.below(100) }),
    ...(random.chance(50) && { receiveMaximum: 1 + random.below(4) }),
    ...(random.chance(50) && { topicAliasMaximum: random.below(4) }),
    ...(random.chance(20) && { maximumPacketSize: 1 + random.below(200) }),
    ...(random.chance(30) && { requestProblemInformation: false }),
    ...(random.chance(5) && { authenticationMethod: 'x' }),
  }
  const will = {
    topic: random.pick(topics),
    payload: Buffer.from('w'),
    qos: random.pick(qos),
    properties: { willDelayInterval: 1 },
  }
  return connectPacket(version, {
    clean: random.chance(50),
    keepalive: random.below(100),
    properties,
    ...(random.chance(30) && { will }),
    ...(random.chance(5) && { username: 'stranger' }),
  })
}

function randomProperties(random: Random) {
  return {
    ...(random.chance(20) && { topicAlias: 1 + random.below(3) }),
    ...(random.chance(20) && { userProperties: { a: ['1', '2'], b: 'c' } }),
    ...(random.chance(20) && { messageExpiryInterval: random.below(9) }),
    ...(random.chance(10) && { responseTopic: 'r', correlationData: Buffer.of(1, 2) }),
    ...(random.chance(10) && { payloadFormatIndicator: true, contentType: 'json' }),
  }
}

export function toBytes(packet: Packet, version: Version): Uint8Array {
  return Uint8Array.from(packed(packet, version))
}

const odd = [0x00, 0x01, 0x7f, 0x80, 0xc0, 0xff]

/** Something like a packet. Its length is set right as a rule, so that what is inside is looked at. */
export function mutate(random: Random, packet: Uint8Array): Uint8Array {
  const bytes = [...packet]
  for (let i = random.below(3); i >= 0; i--) {
    const at = random.below(bytes.length)
    switch (random.below(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
        break
      case 1:
        bytes[at] = random.pick(odd)
        break
      case 2:
        bytes.splice(at, 1 + random.below(4))
        break
      case 3:
        bytes.splice(at, 0, ...Array.from({ length: 1 + random.below(4) }, () => random.below(256)))
        break
      case 4:
        bytes.push(...bytes.slice(at, at + random.below(12)))
        break
      default:
        bytes[at] = random.below(256)
    }
    if (bytes.length < 2) bytes.push(0, 0)
  }
  return Uint8Array.from(random.chance(85) ? withLength(bytes) : bytes)
}

function withLength([first = 0, ...rest]: readonly number[]): number[] {
  const digits = rest.findIndex((byte) => byte < 0x80) + 1
  const body = rest.slice(Math.max(1, digits))
  const low = body.length & 0x7f
  return body.length < 0x80 ? [first, body.length, ...body] : [first, low | 0x80, body.length >> 7, ...body]
}
