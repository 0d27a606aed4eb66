import { connectAsync, type MqttClient } from 'mqtt'
import type { Outcome, Sender, SimDevice, SimReading, Way } from '../way.ts'

/** Resolves with true when the PUBACK came; the client itself sends again after it lost its connection. */
function publish(client: MqttClient, topic: string, reading: SimReading, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms)
    const body = JSON.stringify({ ts: reading.ts, values: reading.values })
    client.publish(topic, body, { qos: 1 }, (error) => {
      clearTimeout(timer)
      resolve(!error)
    })
  })
}

export const mqtt: Way = {
  id: 'mqtt',
  perMessage: 1,
  async open(baseUrl): Promise<Sender> {
    const clients = new Map<string, Promise<MqttClient>>()
    const clientOf = ({ token }: SimDevice) => {
      const client =
        clients.get(token) ??
        connectAsync(`${baseUrl.replace(/^http/, 'ws')}/mqtt`, {
          username: token,
          clientId: `sim-${crypto.randomUUID().slice(0, 8)}`,
          reconnectPeriod: 1_000,
        })
      clients.set(token, client)
      return client
    }
    return {
      async send(device, [reading], deadline): Promise<Outcome> {
        const startedAt = performance.now()
        const client = await clientOf(device).catch(() => undefined)
        if (!client) clients.delete(device.token)
        const isAcknowledged =
          client !== undefined &&
          (await publish(client, `devices/${device.token}/telemetry`, reading as SimReading, deadline - Date.now()))
        const latency = performance.now() - startedAt
        return { accepted: isAcknowledged ? [reading as SimReading] : [], rejected: [], retries: 0, latency }
      },
      async close() {
        for (const client of clients.values()) await (await client.catch(() => undefined))?.endAsync()
      },
    }
  },
}
