// Sends seven values every ten seconds over one WebSocket. See README.md.
const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '10000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const endpoint = `${BASE_URL.replace(/^http/, 'ws')}/api/v1/${DEVICE_TOKEN}/ws`
const sends = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY
/** An id is new for each message, over restarts too: with it a repeat is harmless. */
const start = crypto.randomUUID().slice(0, 8)

function measure(): Record<string, number> {
  const near = (value: number, spread: number) => Number((value + (Math.random() - 0.5) * spread).toFixed(2))
  const voltage = near(230, 4)
  const current = near(1.8, 0.4)
  return {
    temperature: near(24.5, 1),
    humidity: near(61, 4),
    current,
    power: Number((voltage * current).toFixed(1)),
    voltage1: voltage,
    voltage2: near(230, 4),
    voltage3: near(230, 4),
  }
}

function connect(): Promise<WebSocket> {
  const socket = new WebSocket(endpoint)
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('error', () => reject(new Error('No connection.')))
  })
}

/** The answer to this id; undefined when the connection goes, or nothing comes in time. */
function answerTo(socket: WebSocket, id: string): Promise<{ type: string; retryable?: boolean } | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => socket.close(), 25_000)
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as { type: string; id?: string }
      if (frame.id !== id) return
      clearTimeout(timer)
      resolve(frame)
    })
    socket.addEventListener('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}

let socket: WebSocket | undefined
for (let sent = 1; ; sent++) {
  const id = `${start}-${sent}`
  const frame = JSON.stringify({ type: 'telemetry', data: measure(), id })
  for (let attempt = 1; ; attempt++) {
    try {
      if (socket?.readyState !== WebSocket.OPEN) socket = await connect()
      const answer = answerTo(socket, id)
      socket.send(frame)
      const got = await answer
      console.log(got ? JSON.stringify(got) : 'No answer.')
      if (got && !got.retryable) break
    } catch (error) {
      console.log(String(error))
    }
    // Not all at once after an outage: wait longer each time, and a random part of it.
    await pause(Math.min(60_000, 1_000 * 2 ** attempt) * (0.5 + Math.random() / 2))
  }
  if (sent >= sends) break
  await pause(Number(INTERVAL_MS))
}
socket?.close()

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

export {}
