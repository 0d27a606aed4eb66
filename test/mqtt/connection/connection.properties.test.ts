import fc from 'fast-check'
import type { Packet } from 'mqtt-packet'
import { expect, it } from 'vitest'
import type { Version } from '../../../src/mqtt/packets.ts'
import { openConnection, turns } from './fakes.ts'
import { Random, randomConnect, randomPacket, toBytes } from './random-packets.ts'

/** What came of a stream: the calls with runs of messages taken apart, and the replies. */
async function play(stream: Uint8Array, version: Version, cuts: readonly number[], pauses: boolean) {
  const client = openConnection({ version })
  const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b)
  for (const [i, from] of places.entries()) {
    client.connection.receive(stream.subarray(from, places[i + 1]), 0)
    if (pauses) await turns(3)
  }
  await client.connection.idle()
  const calls = client.calls.flatMap(([name, ...args]) => {
    const [first] = args
    const isList = name === 'publish' || name === 'settled' || name === 'received'
    return isList ? (first as unknown[]).map((one) => [name, one]) : name === 'awaitRelease' ? [] : [[name, ...args]]
  })
  const refused = calls.flatMap(([name, messages]) => (name === 'refused' ? (messages as unknown[]) : []))
  const others = calls.filter(([name]) => name !== 'refused')
  return { calls: others, refused, replies: client.replies, isClosed: client.state.isClosed }
}

const streams = fc.record({
  seed: fc.nat(),
  version: fc.constantFrom<Version>(4, 5),
  length: fc.nat(25),
  cuts: fc.array(fc.nat(), { maxLength: 20 }),
})

function toStream(seed: number, version: Version, length: number): Uint8Array {
  const random = new Random(seed)
  const packets = [randomConnect(random, version), ...Array.from({ length }, () => randomPacket(random, version))]
  return Uint8Array.from(packets.flatMap((packet) => [...toBytes(packet, version)]))
}

it('makes the same of a stream however it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(streams, async ({ seed, version, length, cuts }) => {
      const stream = toStream(seed, version, length)
      expect(await play(stream, version, cuts, false)).toEqual(await play(stream, version, [], false))
    }),
    { numRuns: 500 },
  )
})

/** What does not wait for its turn may be told sooner, and stops when the connection ends. */
const inTurn = (packets: readonly Packet[]) =>
  packets.filter(({ cmd }) => ['connack', 'puback', 'pubrec', 'suback', 'unsuback', 'disconnect'].includes(cmd))

it('makes the same of a stream however slowly it comes', async () => {
  await fc.assert(
    fc.asyncProperty(streams, async ({ seed, version, length, cuts }) => {
      const stream = toStream(seed, version, length)
      const [slow, quick] = [await play(stream, version, cuts, true), await play(stream, version, [], false)]
      expect(inTurn(slow.replies)).toEqual(inTurn(quick.replies))
      expect(slow.calls).toEqual(quick.calls)
      expect(slow.refused).toEqual(quick.refused)
      expect(slow.isClosed).toBe(quick.isClosed)
    }),
    { numRuns: 500 },
  )
})
