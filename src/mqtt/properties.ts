import type { Reader } from './reader.ts'
import { malformed, PacketFault, protocolError, reasons } from './reason-codes.ts'
import { isTopicName } from './topics.ts'

/** Whose properties: a packet's, or those of a CONNECT's will. */
export type Place = 'connect' | 'will' | 'publish' | 'ack' | 'subscribe' | 'unsubscribe' | 'disconnect' | 'auth'

export type UserProperty = readonly [name: string, value: string]

interface Property {
  readonly places: readonly Place[]
  /** Reads the value. @throws PacketFault */
  readonly check: (reader: Reader) => void
}

const message: readonly Place[] = ['publish', 'will']
const userProperty = 0x26

function flag(reader: Reader): void {
  if (reader.byte() > 1) throw protocolError('A property that is 0 or 1 has another value.')
}

function notZero(value: number): void {
  if (value === 0) throw protocolError('A property that may not be 0 is 0.')
}

function checkTopicAlias(reader: Reader): void {
  if (reader.uint16() === 0) throw new PacketFault(reasons.topicAliasInvalid, 'A topic alias is not 0.')
}

/** [MQTT-3.3.2-14] */
function checkResponseTopic(reader: Reader): void {
  if (!isTopicName(reader.text())) throw protocolError('A response topic is a topic name.')
}

/** Those that a client may send. */
const properties = new Map<number, Property>([
  [0x01, { places: message, check: flag }],
  [0x02, { places: message, check: (reader) => reader.uint32() }],
  [0x03, { places: message, check: (reader) => reader.text() }],
  [0x08, { places: message, check: checkResponseTopic }],
  [0x09, { places: message, check: (reader) => reader.binary() }],
  [0x0b, { places: ['subscribe'], check: (reader) => notZero(reader.variable()) }],
  [0x11, { places: ['connect', 'disconnect'], check: (reader) => reader.uint32() }],
  [0x15, { places: ['connect', 'auth'], check: (reader) => reader.text() }],
  [0x16, { places: ['connect', 'auth'], check: (reader) => reader.binary() }],
  [0x17, { places: ['connect'], check: flag }],
  [0x18, { places: ['will'], check: (reader) => reader.uint32() }],
  [0x19, { places: ['connect'], check: flag }],
  [0x1f, { places: ['ack', 'disconnect', 'auth'], check: (reader) => reader.text() }],
  [0x21, { places: ['connect'], check: (reader) => notZero(reader.uint16()) }],
  [0x22, { places: ['connect'], check: (reader) => reader.uint16() }],
  [0x23, { places: ['publish'], check: checkTopicAlias }],
  [0x27, { places: ['connect'], check: (reader) => notZero(reader.uint32()) }],
])

/** Checks a block of properties. Returns the user properties, in their order. */
export function checkProperties(reader: Reader, place: Place): readonly UserProperty[] {
  const part = reader.part(reader.variable())
  const seen = new Set<number>()
  const users: UserProperty[] = []
  while (!part.isAtEnd) {
    const id = part.variable()
    if (id === userProperty) {
      users.push([part.text(), part.text()])
      continue
    }
    const property = properties.get(id)
    if (!property?.places.includes(place)) throw misplaced(id, place)
    if (seen.has(id)) throw protocolError('A property stands there twice.')
    seen.add(id)
    property.check(part)
  }
  if (seen.has(0x16) && !seen.has(0x15)) throw protocolError('Authentication data without a method.')
  return users
}

/** [MQTT-3.3.4-6] */
function misplaced(id: number, place: Place): PacketFault {
  const isIdentifier = id === 0x0b && place === 'publish'
  return isIdentifier
    ? protocolError('A client publishes no subscription identifier.')
    : malformed(`This packet has no property 0x${id.toString(16)}.`)
}
