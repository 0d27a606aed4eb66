// Polls Modbus TCP units and sends what they measure over one WebSocket, each unit as a child of a gateway. See README.md.
import { connect as connectTcp, createServer, type Socket } from 'node:net'

const { BASE_URL = 'http://localhost:8787', GATEWAY_TOKEN, CHILD_DEVICE_IDS, MODBUS_HOST, COUNT } = process.env
if (!GATEWAY_TOKEN) throw new Error('Set GATEWAY_TOKEN to the token of the gateway.')
if (!CHILD_DEVICE_IDS) throw new Error('Set CHILD_DEVICE_IDS to the device ids of its children: unit 1, unit 2, …')
const children = CHILD_DEVICE_IDS.split(',')
const intervalMs = Number(process.env.INTERVAL_MS ?? 5_000)
const rounds = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

/** Which holding registers hold what: fit it to your meter. */
const registers = [
  { key: 'voltage', address: 0, scale: 0.1 },
  { key: 'current', address: 1, scale: 0.01 },
  { key: 'power', address: 2, scale: 1 },
] as const

/** Without MODBUS_HOST: a meter of our own, so that the sample runs anywhere. */
function startMeter(): Promise<number> {
  const meter = createServer((socket) =>
    socket.on('data', (request) => {
      const count = request.readUInt16BE(10)
      const answer = Buffer.alloc(9 + 2 * count)
      request.copy(answer, 0, 0, 8)
      answer.writeUInt16BE(3 + 2 * count, 4)
      answer.writeUInt8(2 * count, 8)
      const near = (value: number) => Math.round(value * (0.98 + Math.random() * 0.04))
      for (const [i, value] of [2_300, 180, 414].slice(0, count).entries()) answer.writeUInt16BE(near(value), 9 + 2 * i)
      socket.write(answer)
    }),
  )
  meter.unref()
  return new Promise((done) => {
    meter.listen(0, '127.0.0.1', () => done((meter.address() as { port: number }).port))
  })
}

/** Function 3, read holding registers: the values of one unit. */
function readUnit(socket: Socket, unit: number): Promise<Record<string, number>> {
  const request = Buffer.from([0, unit, 0, 0, 0, 6, unit, 3, 0, 0, 0, registers.length])
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Unit ${unit} does not answer.`)), 5_000)
    socket.once('data', (answer) => {
      clearTimeout(timer)
      if (answer.readUInt8(7) !== 3) return reject(new Error(`Unit ${unit} answers with an exception.`))
      const values = registers.map(({ key, address, scale }) => {
        return [key, Number((answer.readUInt16BE(9 + 2 * address) * scale).toFixed(3))] as const
      })
      resolve(Object.fromEntries(values))
    })
    socket.write(request)
  })
}

function openCloud(): Promise<WebSocket> {
  const socket = new WebSocket(`${BASE_URL.replace(/^http/, 'ws')}/api/v1/${GATEWAY_TOKEN}/ws`)
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('error', () => reject(new Error('No connection.')))
  })
}

/** Resolves when the reading is stored. Its time and id make a repeat harmless. */
function send(socket: WebSocket, childDeviceId: string, telemetry: Record<string, number>): Promise<void> {
  const id = crypto.randomUUID()
  return new Promise((resolve, reject) => {
    const listen = ({ data }: MessageEvent) => {
      const frame = JSON.parse(String(data)) as { type: string; id?: string; detail?: string }
      if (frame.id !== id) return
      socket.removeEventListener('message', listen)
      if (frame.type === 'ack') resolve()
      else reject(new Error(frame.detail))
    }
    socket.addEventListener('message', listen)
    socket.addEventListener('close', () => reject(new Error('The connection was closed.')))
    socket.send(JSON.stringify({ type: 'telemetry', id, ts: Date.now(), data: { childDeviceId, telemetry } }))
  })
}

const port = MODBUS_HOST ? Number(process.env.MODBUS_PORT ?? 502) : await startMeter()
const bus = connectTcp(port, MODBUS_HOST ?? '127.0.0.1')
bus.on('error', (error) => console.log(String(error)))
let cloud = await openCloud()

for (let round = 1; ; round++) {
  for (const [i, child] of children.entries()) {
    try {
      const values = await readUnit(bus, i + 1)
      if (cloud.readyState !== WebSocket.OPEN) cloud = await openCloud()
      await send(cloud, child, values)
      console.log('stored', child, JSON.stringify(values))
    } catch (error) {
      console.log(String(error))
    }
  }
  if (round >= rounds) break
  await new Promise((wake) => setTimeout(wake, intervalMs))
}
cloud.close()
bus.destroy()
