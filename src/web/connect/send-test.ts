import { testJson, testValues } from './place.ts'
import type { Way } from './snippet.ts'

const patienceMs = 10_000

/** From this page, as the device, over the way that is looked at. @throws Error that says what happened */
export async function sendTest(way: Way, token: string): Promise<void> {
  if (way === 'websocket') return overWebSocket(token)
  if (way === 'mqtt') return overMqtt(token)
  const response = await fetch(`/api/v1/${encodeURIComponent(token)}/telemetry`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: testJson,
  })
  if (response.ok) return
  const { detail } = (await response.json()) as { detail?: string }
  throw new Error(detail ?? `The server answered ${response.status}.`)
}

const here = (path: string) => `${location.origin.replace(/^http/, 'ws')}${path}`

function overWebSocket(token: string): Promise<void> {
  return converse(new WebSocket(here(`/api/v1/${encodeURIComponent(token)}/ws`)), {
    open: (socket) => socket.send(JSON.stringify({ type: 'telemetry', data: testValues })),
    message(data) {
      const frame = JSON.parse(String(data)) as { type: string; detail?: string }
      if (frame.type === 'error') throw new Error(frame.detail)
      return frame.type === 'ack'
    },
  })
}

const text = (value: string) => {
  const bytes = new TextEncoder().encode(value)
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes]
}

/** The remaining length in groups of seven bits, as MQTT 3.1.1 section 2.2.3 says. */
function packet(type: number, body: readonly number[]): Uint8Array<ArrayBuffer> {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>= 7
  } while (rest > 0)
  return new Uint8Array([type, ...length, ...body])
}

/** Three packets by hand, where a client library would be forty times the size. */
function overMqtt(token: string): Promise<void> {
  const socket = new WebSocket(here('/mqtt'), 'mqtt')
  socket.binaryType = 'arraybuffer'
  const withUserAndCleanSession = 0x82
  const connect = packet(0x10, [...text('MQTT'), 4, withUserAndCleanSession, 0, 30, ...text(''), ...text(token)])
  const payload = [...new TextEncoder().encode(testJson)]
  const publish = packet(0x32, [...text(`devices/${token}/telemetry`), 0, 1, ...payload])
  return converse(socket, {
    open: () => socket.send(connect),
    message(data) {
      const [type, , , code] = new Uint8Array(data as ArrayBuffer)
      if (type === 0x20 && code !== 0) throw new Error('The broker refused the token.')
      if (type === 0x20) socket.send(publish)
      return type === 0x40
    },
  })
}

interface Conversation {
  readonly open: (socket: WebSocket) => void
  /** @returns whether that was all */
  readonly message: (data: unknown) => boolean
}

function converse(socket: WebSocket, { open, message }: Conversation): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => end(new Error('No answer within ten seconds.')), patienceMs)
    function end(error?: Error) {
      clearTimeout(timer)
      socket.close()
      if (error) fail(error)
      else done()
    }
    socket.addEventListener('open', () => open(socket))
    socket.addEventListener('close', () => end(new Error('The server closed the connection.')))
    socket.addEventListener('message', ({ data }) => {
      try {
        if (message(data)) end()
      } catch (error) {
        end(error instanceof Error ? error : new Error('The answer could not be read.'))
      }
    })
  })
}
