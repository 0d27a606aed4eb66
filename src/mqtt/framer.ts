import { limits } from '../domain/limits.ts'
import { malformed, PacketFault, reasons } from './reason-codes.ts'

const smallestCapacity = 64

/** Bytes in any cuts → whole packets. Holds back less than one packet, and none that is over the limit. */
export class Framer {
  readonly #most: () => number
  #held = new Uint8Array(0)
  #length = 0

  /** `most`: bytes of the packet that is under way. */
  constructor(most: () => number = () => limits.mqttPacketBytes) {
    this.#most = most
  }

  /** Bytes of a packet whose end has not come. */
  get held(): number {
    return this.#length
  }

  /** The beginning of a packet whose end has not come. */
  remainder(): Uint8Array {
    return this.#held.slice(0, this.#length)
  }

  restore(remainder: Uint8Array): void {
    this.#clear()
    this.#hold(remainder)
  }

  /**
   * Packets are views of `bytes` where they came whole. Each is to be taken before the next is asked for.
   * @throws PacketFault 0x81, 0x95: nothing more can be read.
   */
  *push(bytes: Uint8Array): Generator<Uint8Array> {
    let rest = bytes
    while (this.#length > 0 && rest.length > 0) {
      const wanted = this.#packetLength(this.#held, this.#length) ?? this.#length + 1
      const part = rest.subarray(0, wanted - this.#length)
      this.#hold(part)
      rest = rest.subarray(part.length)
      if (this.#packetLength(this.#held, this.#length) !== this.#length) continue
      const packet = this.#held.subarray(0, this.#length)
      this.#clear()
      yield packet
    }
    while (rest.length > 0) {
      const length = this.#packetLength(rest, rest.length)
      if (length === undefined || length > rest.length) {
        this.#hold(rest)
        return
      }
      yield rest.subarray(0, length)
      rest = rest.subarray(length)
    }
  }

  /** Grows with what came, not with what a header announces, and by doubling: a packet may come byte by byte. */
  #hold(part: Uint8Array): void {
    const length = this.#length + part.length
    if (length > this.#held.length) {
      const grown = new Uint8Array(Math.max(length, this.#held.length * 2, smallestCapacity))
      grown.set(this.#held.subarray(0, this.#length))
      this.#held = grown
    }
    this.#held.set(part, this.#length)
    this.#length = length
  }

  #clear(): void {
    this.#held = new Uint8Array(0)
    this.#length = 0
  }

  #packetLength(bytes: Uint8Array, available: number): number | undefined {
    const length = packetLength(bytes, available)
    if (length === undefined || length <= this.#most()) return length
    throw new PacketFault(reasons.packetTooLarge, `A packet has at most ${this.#most()} bytes here.`)
  }
}

/** Of the packet that begins here, all told; undefined: its header is not all there. */
function packetLength(bytes: Uint8Array, available: number): number | undefined {
  let length = 0
  for (let i = 1; i < available; i++) {
    const byte = bytes[i] ?? 0
    length += (byte & 0x7f) * 0x80 ** (i - 1)
    if (byte < 0x80) return 1 + i + length
    if (i === 4) throw malformed('A remaining length has at most four bytes.')
  }
  return undefined
}
