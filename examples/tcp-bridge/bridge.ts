// Takes MQTT over TCP and passes it on as MQTT over WebSocket. See README.md.
import { type AddressInfo, createServer } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { createWebSocketStream, WebSocket } from 'ws'

const { BASE_URL = 'http://localhost:8787', LISTEN = '127.0.0.1', PORT = '1883' } = process.env
const broker = `${BASE_URL.replace(/^http/, 'ws')}/mqtt`

const server = createServer((client) => {
  client.setNoDelay(true)
  const stream = createWebSocketStream(new WebSocket(broker, 'mqtt', { perMessageDeflate: false }))
  // Either end that goes takes the other with it: the device then connects again.
  pipeline(client, stream, client).catch((error: Error) => console.log('closed', error.message))
})

server.listen(Number(PORT), LISTEN, () => {
  console.log(`mqtt://${LISTEN}:${(server.address() as AddressInfo).port} → ${broker}`)
})
