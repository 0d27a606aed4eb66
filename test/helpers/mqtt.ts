import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'
import { request } from './world.ts'

export type Reply<Cmd extends Packet['cmd'] = Packet['cmd']> = Extract<Packet, { cmd: Cmd }>

/** An MQTT client's end of a socket to the Worker under test: packets in, packets out. */
export class MqttClient {
  readonly closed: Promise<{ code: number; reason: string }>
  readonly version: 4 | 5
  readonly #socket: WebSocket
  readonly #replies: Packet[] = []
  #wake: (() => void)[] = []
  #packetId = 0

  constructor(socket: WebSocket, version: 4 | 5) {
    this.#socket = socket
    this.version = version
    socket.accept()
    socket.binaryType = 'arraybuffer'
    const reader = parser({ protocolVersion: version }).on('packet', (packet: Packet) => {
      this.#replies.push(packet)
      for (const wake of this.#wake.splice(0)) wake()
    })
    socket.addEventListener('message', ({ data }) => reader.parse(Buffer.from(data as ArrayBuffer)))
    this.closed = new Promise((done) => {
      socket.addEventListener('close', ({ code, reason }) => done({ code, reason }))
    })
  }

  /** `key` chooses the broker. */
  static async open({ version = 4, key = crypto.randomUUID() }: { version?: 4 | 5; key?: string } = {}) {
    const headers = { upgrade: 'websocket', 'sec-websocket-protocol': 'mqtt', 'sec-websocket-key': key }
    const { status, webSocket } = await request('GET', '/mqtt', { headers })
    if (!webSocket) throw new Error(`no socket: ${status}`)
    return new MqttClient(webSocket, version)
  }

  static async connect(
    token: string,
    { version = 4, key, ...fields }: Partial<IConnectPacket> & { version?: 4 | 5; key?: string } = {},
  ): Promise<MqttClient & { connack: Reply<'connack'> }> {
    const client = await MqttClient.open({ version, ...(key !== undefined && { key }) })
    client.send({
      cmd: 'connect',
      clientId: 'c1',
      clean: true,
      keepalive: 60,
      username: token,
      protocolVersion: version,
      ...fields,
    })
    const connack = await client.next<'connack'>('connack')
    return Object.assign(client, { connack })
  }

  send(...packets: Packet[]): void {
    const bytes = packets.map((packet) => generate(packet, { protocolVersion: this.version }))
    this.#socket.send(Buffer.concat(bytes))
  }

  /** A PUBLISH of QoS 1, not sent. */
  packed(topic: string, payload: string, messageId = 1): Uint8Array {
    const packet = { cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false } as const
    return generate(packet, { protocolVersion: this.version })
  }

  sendRaw(bytes: Uint8Array | string): void {
    this.#socket.send(bytes)
  }

  /** Returns the packet id. */
  publish(topic: string, body: unknown, fields: Partial<Reply<'publish'>> = {}): number {
    const { qos = 1, messageId = ++this.#packetId } = fields
    const payload = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body)
    const ids = qos === 0 ? {} : { messageId }
    this.send({ cmd: 'publish', topic, payload, retain: false, dup: false, ...fields, qos, ...ids } as Packet)
    return messageId
  }

  /** QoS 1, and its PUBACK. */
  async said(topic: string, body: unknown, fields: Partial<Reply<'publish'>> = {}): Promise<Reply<'puback'>> {
    const messageId = this.publish(topic, body, fields)
    return this.next('puback', undefined, (packet) => packet.messageId === messageId)
  }

  async subscribe(topic: string, qos: 0 | 1 | 2 = 1): Promise<Reply<'suback'>> {
    this.send({ cmd: 'subscribe', messageId: ++this.#packetId, subscriptions: [{ topic, qos }] })
    return this.next('suback')
  }

  /** The next packet of this kind; what comes before it stays. */
  async next<Cmd extends Packet['cmd']>(
    cmd: Cmd,
    ms = 5_000,
    isIt: (packet: Packet) => boolean = () => true,
  ): Promise<Reply<Cmd>> {
    const end = Date.now() + ms
    for (;;) {
      const place = this.#replies.findIndex((packet) => packet.cmd === cmd && isIt(packet))
      if (place >= 0) return this.#replies.splice(place, 1)[0] as Reply<Cmd>
      if (Date.now() >= end) throw new Error(`no ${cmd} came; there are ${JSON.stringify(this.#replies)}`)
      await this.#something(end - Date.now())
    }
  }

  /** The next message, acknowledged where it must be. */
  async message(ms?: number): Promise<{ topic: string; text: string; packet: Reply<'publish'> }> {
    const packet = await this.next('publish', ms)
    if (packet.qos === 1) this.send({ cmd: 'puback', messageId: packet.messageId ?? 0 } as Packet)
    return { topic: packet.topic, text: packet.payload.toString(), packet }
  }

  /** What came and was not taken. */
  get pending(): readonly Packet[] {
    return this.#replies
  }

  async disconnect(): Promise<void> {
    this.send({ cmd: 'disconnect' } as Packet)
    await this.closed
  }

  close(): void {
    this.#socket.close(1000, 'bye')
  }

  #something(ms: number): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, ms)
      this.#wake.push(() => {
        clearTimeout(timer)
        done()
      })
    })
  }
}
