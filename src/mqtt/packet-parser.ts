import { type Packet, type Parser, parser } from 'mqtt-packet'
import { malformed } from './reason-codes.ts'

/** mqtt-packet's parser for whole packets: events made a return value, and no state from one packet to the next. */
export class PacketParser {
  readonly #protocolVersion: number
  #parser: Parser | undefined
  #parsed: Packet | undefined

  constructor(protocolVersion: number) {
    this.#protocolVersion = protocolVersion
  }

  parse(frame: Uint8Array): Packet {
    const failure = this.#run(frame)
    const parsed = this.#parsed
    this.#parsed = undefined
    if (parsed && !failure) return parsed
    // It goes on where an error left it, and not at the next packet.
    this.#parser = undefined
    throw malformed('The packet could not be read.')
  }

  #run(frame: Uint8Array): unknown {
    let failure: unknown
    try {
      this.#parser ??= this.#create()
      this.#parser.once('error', (error: unknown) => {
        failure = error
      })
      this.#parser.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength))
      this.#parser.removeAllListeners('error')
    } catch (thrown) {
      failure = thrown
    }
    return failure
  }

  #create(): Parser {
    return parser({ protocolVersion: this.#protocolVersion }).on('packet', (packet: Packet) => {
      this.#parsed = packet
    })
  }
}
