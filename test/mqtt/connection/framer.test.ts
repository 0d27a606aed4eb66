import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/domain/limits.ts'
import { Framer } from '../../../src/mqtt/framer.ts'
import type { PacketFault } from '../../../src/mqtt/reason-codes.ts'

const ping = [0xc0, 0x00]
const packet = (length: number) => {
  const remaining = length - (length > 16_386 ? 4 : length > 129 ? 3 : 2)
  const digits = remaining > 16_383 ? 3 : remaining > 127 ? 2 : 1
  const header = [
    0x30,
    ...Array.from({ length: digits }, (_, i) => ((remaining >> (7 * i)) & 0x7f) | (i < digits - 1 ? 0x80 : 0)),
  ]
  return Uint8Array.from([...header, ...new Array<number>(remaining).fill(7)])
}

function push(framer: Framer, bytes: Uint8Array | readonly number[]) {
  return [...framer.push(Uint8Array.from(bytes))].map((it) => [...it])
}

function faultOf(bytes: readonly number[], framer = new Framer()): number | undefined {
  try {
    push(framer, bytes)
    return undefined
  } catch (thrown) {
    return (thrown as PacketFault).reasonCode
  }
}

describe('the framer', () => {
  it('gives the same packets however the bytes are cut, through a hibernation too', () => {
    const packets = fc.array(fc.constantFrom(2, 3, 129, 130, 131, 200, 16_385, 20_000).map(packet), { maxLength: 6 })
    fc.assert(
      fc.property(packets, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (whole, cuts, sleeps) => {
        const stream = Uint8Array.from(whole.flatMap((it) => [...it]))
        const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length].sort((a, b) => a - b)
        let framer = new Framer()
        const found: number[][] = []
        for (const [i, from] of places.entries()) {
          found.push(...push(framer, stream.subarray(from, places[i + 1])))
          if (!sleeps) continue
          const awake = new Framer()
          awake.restore(framer.remainder())
          framer = awake
        }
        expect(found).toEqual(whole.map((it) => [...it]))
        expect(framer.remainder()).toHaveLength(0)
      }),
      { numRuns: 60 },
    )
  })

  it('takes a packet byte by byte', () => {
    const framer = new Framer()
    const large = packet(limits.mqttPacketBytes)
    expect(large).toHaveLength(limits.mqttPacketBytes)
    let found = 0
    for (const byte of large) for (const whole of framer.push(Uint8Array.of(byte))) found += whole.length
    expect(found).toBe(large.length)
  })

  it('refuses a remaining length of five bytes [MQTT-1.5.5-1]', () => {
    expect(faultOf([0x30, 0x80, 0x80, 0x80, 0x80])).toBe(0x81)
    expect(faultOf([0x30, 0x80, 0x80, 0x80])).toBeUndefined()
    const framer = new Framer()
    expect(push(framer, [0x30, 0x80, 0x80])).toEqual([])
    expect(faultOf([0x80, 0x80], framer)).toBe(0x81)
  })

  it('refuses a packet over the limit by its header, before its bytes', () => {
    expect(faultOf([0x30, 0x81, 0x80, 0x10])).toBe(0x95)
    expect(faultOf([0x30, 0xff, 0xff, 0xff, 0x7f])).toBe(0x95)
  })

  it('gives the packets before a bad one', () => {
    const found: number[] = []
    const all = () => {
      for (const it of new Framer().push(Uint8Array.from([...ping, ...ping, 0x30, 0xff, 0xff, 0xff, 0xff]))) {
        found.push(...it)
      }
    }
    expect(all).toThrow()
    expect(found).toEqual([...ping, ...ping])
  })
})
