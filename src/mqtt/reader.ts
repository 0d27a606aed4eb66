import { malformed } from './reason-codes.ts'

// A byte order mark is text like any other. [MQTT-1.5.4-3]
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the fields of a packet one by one and trusts none. Everything throws PacketFault 0x81. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw tooShort()
    return byte
  }

  uint16(): number {
    return this.byte() * 0x100 + this.byte()
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16()
  }

  /** A variable byte integer, as short as it can be. [MQTT-1.5.5-1] */
  variable(): number {
    let value = 0
    for (let i = 0; i < 4; i++) {
      const byte = this.byte()
      value += (byte & 0x7f) * 0x80 ** i
      if (byte >= 0x80) continue
      if (byte === 0 && i > 0) throw malformed('A variable byte integer is longer than it need be.')
      return value
    }
    throw malformed('A variable byte integer has at most four bytes.')
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw tooShort()
    const bytes = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return bytes
  }

  rest(): Uint8Array {
    return this.bytes(this.#bytes.length - this.#at)
  }

  binary(): Uint8Array {
    return this.bytes(this.uint16())
  }

  /** [MQTT-1.5.4-1] [MQTT-1.5.4-2] */
  text(): string {
    const text = decodeUtf8(this.binary())
    if (text === undefined || text.includes('\0')) throw malformed('Text is UTF-8 without U+0000.')
    return text
  }

  part(length: number): Reader {
    return new Reader(this.bytes(length))
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const tooShort = () => malformed('The packet ends within a field.')
