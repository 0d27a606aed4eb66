import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DemoServer, startDemoServer } from './server.ts'

const root = join(import.meta.dirname, '..', '..')
const node = join(root, 'node_modules', '.bin', 'node')
let server: DemoServer

beforeAll(async () => {
  server = await startDemoServer()
})
afterAll(async () => {
  await server?.stop()
})

interface Ended {
  readonly code: number
  readonly output: string
}

function run(command: string, args: readonly string[], env: Record<string, string | undefined>): Promise<Ended> {
  const { PATH, HOME } = process.env
  return new Promise((done) => {
    const options = { cwd: root, env: { PATH, HOME, ...env }, timeout: 60_000 }
    execFile(command, args, options, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code ?? 1) : 0, output: `${stdout}${stderr}` })
    })
  })
}

interface Device {
  readonly deviceId: string
  readonly token: string
}

async function call<T>(path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${server.demo.apiKey}`, 'content-type': 'application/json' }
  const post = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${server.url}${path}`, { headers, ...post })
  expect(response.ok, path).toBe(true)
  return (await response.json()) as T
}

/** Passes everything on, but for every fifth batch or reading, which it acknowledges itself. */
async function startForgetfulProxy(target: string): Promise<{ readonly url: string; stop(): void }> {
  let readings = 0
  const proxy = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = 'GET', url = '/', headers } = request
    if (method === 'POST' && url.includes('/telemetry') && ++readings % 5 === 0) {
      response.end('{"success":true,"accepted":1,"rejected":[]}')
      return
    }
    const answer = await fetch(`${target}${url}`, {
      method,
      headers: { 'content-type': headers['content-type'] ?? '', authorization: headers.authorization ?? '' },
      ...(method !== 'GET' && { body: Buffer.concat(chunks) }),
    })
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(await answer.text())
  })
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready))
  const { port } = proxy.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      proxy.close()
      proxy.closeAllConnections()
    },
  }
}

const seven = ['temperature', 'humidity', 'current', 'power', 'voltage1', 'voltage2', 'voltage3']
const two = ['temperature', 'humidity']
const examples = [
  { name: 'BasicTelemetry_http', isRelay: false, keys: seven, count: 3, readings: 3 },
  { name: 'TelemetryBatch_http', isRelay: false, keys: two, count: 1, readings: 3 },
  { name: 'GatewayRelay_http', isRelay: true, keys: two, count: 3, readings: 3 },
] as const

const programs = [
  { program: 'main.ts', command: node },
  { program: 'curl.sh', command: 'sh' },
] as const

describe.for(examples)('example $name', ({ name, isRelay, keys, count, readings }) => {
  test.for(programs)('$program leaves its readings in history', async ({ program, command }) => {
    const gateway = server.demo.devices.gateway
    const device = await call<Device>('/api/devices', {
      name: `${name} ${program}`,
      ...(isRelay && { parentGatewayId: gateway?.id }),
    })
    const { code, output } = await run(command, [join('examples', name, program)], {
      BASE_URL: server.url,
      DEVICE_TOKEN: isRelay ? gateway?.token : device.token,
      CHILD_DEVICE_ID: device.deviceId,
      COUNT: String(count),
      INTERVAL_MS: '30',
      INTERVAL_S: '0.1',
    })
    expect(output).toContain('"success":true')
    expect(code).toBe(0)
    const series = await call<Record<string, unknown[]>>(`/api/devices/${device.deviceId}/telemetry/range`)
    expect(Object.keys(series).toSorted()).toEqual([...keys].toSorted())
    for (const key of keys) expect(series[key], output).toHaveLength(readings)
  })
})

const newDevice = (name: string) => call<Device>('/api/devices', { name })
const runExample = (name: string, { token }: Device, count: number) =>
  run(node, [join('examples', name, 'main.ts')], {
    BASE_URL: server.url,
    DEVICE_TOKEN: token,
    COUNT: String(count),
    INTERVAL_MS: '30',
  })

test('BasicTelemetry_ws leaves its readings in history', async () => {
  const device = await newDevice('BasicTelemetry_ws')
  const { code, output } = await runExample('BasicTelemetry_ws', device, 3)
  expect(output.match(/"type":"ack","accepted":1/g)).toHaveLength(3)
  expect(code).toBe(0)
  const series = await call<Record<string, unknown[]>>(`/api/devices/${device.deviceId}/telemetry/range`)
  for (const key of seven) expect(series[key]).toHaveLength(3)
})

test('RPCCommands_ws carries out what it is told, now and what waited', async () => {
  const device = await newDevice('RPCCommands_ws')
  const path = `/api/devices/${device.deviceId}/commands`
  await call(path, { method: 'setValue', params: { key: 'volume', value: 7 }, persistent: true })
  const ended = runExample('RPCCommands_ws', device, 3)
  const status = { method: 'getStatus', persistent: true, wait: true }
  expect(await call(path, status)).toMatchObject({ success: true, result: { values: { volume: 7 } } })
  expect(await call(path, { method: 'dance', wait: true })).toMatchObject({ success: false, state: 'failed' })
  expect((await ended).code).toBe(0)
})

test('BasicTelemetry_mqtt and TelemetryBatch_mqtt leave their readings in history', async () => {
  const device = await newDevice('BasicTelemetry_mqtt')
  const { code, output } = await runExample('BasicTelemetry_mqtt', device, 3)
  expect([code, output.match(/stored \{/g)?.length]).toEqual([0, 3])
  const path = `/api/devices/${device.deviceId}/telemetry/range`
  const series = await call<Record<string, unknown[]>>(path)
  for (const key of seven) expect(series[key]).toHaveLength(3)

  const other = await newDevice('TelemetryBatch_mqtt')
  expect((await runExample('TelemetryBatch_mqtt', other, 1)).code).toBe(0)
  const burst = await call<Record<string, unknown[]>>(path.replace(device.deviceId, other.deviceId))
  for (const key of two) expect(burst[key]).toHaveLength(20)
})

test('RPCCommands_mqtt carries out what it is told, now and what waited', async () => {
  const device = await newDevice('RPCCommands_mqtt')
  const path = `/api/devices/${device.deviceId}/commands`
  await call(path, { method: 'setValue', params: { key: 'volume', value: 7 }, persistent: true })
  const ended = runExample('RPCCommands_mqtt', device, 3)
  const status = { method: 'getStatus', persistent: true, wait: true }
  expect(await call(path, status)).toMatchObject({ success: true, result: { values: { volume: 7 } } })
  expect(await call(path, { method: 'dance', wait: true })).toMatchObject({ success: false, state: 'failed' })
  expect((await ended).code).toBe(0)
})

test('SwitchControl_mqtt confirms what is desired, at once and when it changes', async () => {
  const device = await newDevice('SwitchControl_mqtt')
  const path = `/api/devices/${device.deviceId}/attributes`
  await call(path, { scope: 'SHARED', attributes: { channel1: 1, other: 2 } })
  const ended = runExample('SwitchControl_mqtt', device, 2)
  const confirmed = async () => (await call<{ value: number }[]>(`${path}?scope=CLIENT`)).map(({ value }) => value)
  await expect.poll(confirmed).toEqual([1])
  await call(path, { scope: 'SHARED', attributes: { channel1: 0 } })
  expect((await ended).code).toBe(0)
  expect(await confirmed()).toEqual([0])
})

test('SwitchControl_http confirms what is desired', async () => {
  const device = await newDevice('SwitchControl_http')
  const path = `/api/devices/${device.deviceId}/attributes`
  await call(path, { scope: 'SHARED', attributes: { channel1: 1, other: 2 } })
  const { code, output } = await runExample('SwitchControl_http', device, 1)
  expect(output).toContain('channel1 → 1')
  expect(code).toBe(0)
  expect(await call(`${path}?scope=CLIENT`)).toMatchObject([{ key: 'channel1', value: 1, scope: 'CLIENT' }])
})

describe('integrations', () => {
  const folder = join('examples', 'integrations')
  const environment = async (devEui: string) => {
    const { demo, url } = server
    const { deviceId, token } = await call<Device>('/api/devices', {
      name: devEui,
      integration: { lorawan: { dev_eui: devEui } },
    })
    const child = await call<Device>('/api/devices', { name: 'child', parentGatewayId: demo.devices.gateway?.id })
    const variables = {
      BASE_URL: url,
      TENANT_ID: demo.tenantId,
      WEBHOOK_SECRET: demo.webhookSecret,
      DEVICE_TOKEN: token,
      EXTERNAL_DEVICE_ID: deviceId,
      DEV_EUI: devEui,
      GATEWAY_TOKEN: demo.devices.gateway?.token,
      CHILD_DEVICE_ID: child.deviceId,
      CHILD_DEVICE_IDS: child.deviceId,
      COUNT: '2',
      INTERVAL_MS: '30',
    }
    return { deviceId, childId: child.deviceId, variables }
  }
  const keysOf = async (id: string) =>
    Object.keys(await call<Record<string, unknown[]>>(`/api/devices/${id}/telemetry/range?from=0`)).toSorted()

  test.for([
    ['sh', 'generic-webhook.sh', 'ee00000000000001', ['humidity', 'pressure', 'temperature']],
    [node, 'generic-webhook.ts', 'ee00000000000002', ['humidity', 'pressure', 'temperature']],
    ['python3', 'generic-webhook.py', 'ee00000000000003', ['humidity', 'pressure', 'temperature']],
    ['sh', 'chirpstack-webhook.sh', 'ee00000000000004', ['humidity', 'soil.moisture', 'temperature']],
    ['sh', 'ttn-webhook.sh', 'ee00000000000005', ['humidity', 'soil.moisture', 'temperature']],
  ] as const)('%s %s leaves its readings in history', async ([command, program, devEui, keys]) => {
    const { deviceId, variables } = await environment(devEui)
    const { code, output } = await run(command, [join(folder, program)], variables)
    expect(output).toContain('"accepted":1')
    expect(code).toBe(0)
    expect((await keysOf(deviceId)).filter((key) => !key.startsWith('lora_'))).toEqual(keys)
  })

  test('gateway-relay-webhook.sh leaves a reading of the child, in both modes', async () => {
    for (const [MODE, devEui] of [
      ['webhook', 'ee00000000000006'],
      ['device', 'ee00000000000007'],
    ] as const) {
      const { childId, variables } = await environment(devEui)
      const { output } = await run('sh', [join(folder, 'gateway-relay-webhook.sh')], { ...variables, MODE })
      expect(output).toContain('"accepted":1')
      expect(await keysOf(childId)).toEqual(['humidity', 'temperature'])
    }
  })

  test('modbus-gateway.ts leaves readings of its children', async () => {
    const { childId, variables } = await environment('ee00000000000008')
    const { code, output } = await run(node, [join(folder, 'modbus-gateway.ts')], variables)
    expect([code, output.match(/stored/g)?.length]).toEqual([0, 2])
    expect(await keysOf(childId)).toEqual(['current', 'power', 'voltage'])
  })
})

test('examples say what is missing from the environment', async () => {
  for (const { name } of examples) {
    for (const { program, command } of programs) {
      const { code, output } = await run(command, [join('examples', name, program)], { BASE_URL: server.url })
      expect(code).not.toBe(0)
      expect(output).toContain('Set DEVICE_TOKEN')
    }
  }
})

describe('npm run simulate', () => {
  const simulate = (...args: string[]) =>
    run(node, ['scripts/simulate.ts', '--url', server.url, ...args], { STATE_DIR: server.stateDir })

  test('reads back everything that was acknowledged, by every way in', async () => {
    const args = [
      '--devices',
      '5',
      '--rate',
      '100',
      '--via',
      'http,batch,cbor,ws,mqtt,generic,chirpstack,ttn',
      '--seconds',
      '5',
    ]
    const { code, output } = await simulate(...args)
    expect(output).toMatch(/read back: (\d+) of \1 acknowledged readings, 0 missing/)
    expect(output).toMatch(/accepted [1-9]\d* {2}rejected 0/)
    expect(output).toMatch(/latency p50 [\d.]+ ms {2}p99 [\d.]+ ms/)
    expect(code).toBe(0)
  })

  test('finds its devices again', async () => {
    await simulate('--devices', '5', '--rate', '10', '--seconds', '1')
    const { items } = await call<{ items: { name: string }[] }>('/api/devices?search=sim-')
    expect(items.map(({ name }) => name)).toEqual(['sim-1', 'sim-2', 'sim-3', 'sim-4', 'sim-5'])
  })

  test('finds out a server that acknowledges and forgets', async () => {
    const forgetful = await startForgetfulProxy(server.url)
    try {
      const args = [
        '--url',
        forgetful.url,
        '--api-key',
        server.demo.apiKey,
        '--devices',
        '2',
        '--rate',
        '20',
        '--seconds',
        '2',
        '--via',
        'http,batch,cbor',
      ]
      const { code, output } = await run(node, ['scripts/simulate.ts', ...args], {})
      expect(output).toMatch(/[1-9]\d* missing/)
      expect(code).toBe(1)
    } finally {
      forgetful.stop()
    }
  })

  test('says no to a way in that does not exist', async () => {
    const { code, output } = await simulate('--via', 'pigeon')
    expect(output).toContain('There is no way in "pigeon"')
    expect(code).toBe(2)
  })
})

test('tcp-bridge carries MQTT over TCP, and either end that goes takes the other with it', async () => {
  const device = await newDevice('tcp-bridge')
  const { PATH } = process.env
  const env = { PATH, BASE_URL: server.url, PORT: '0' }
  const bridge = spawn(node, [join(root, 'examples', 'tcp-bridge', 'bridge.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(bridge.stdout, 'data')) as [Buffer]
    const [url] = /mqtt:\/\/[\d.:]+/.exec(line.toString()) ?? []
    const path = `/api/devices/${device.deviceId}`
    const client = await connectAsync(String(url), { username: device.token, clientId: 'modem', reconnectPeriod: 0 })
    await client.publishAsync(`devices/${device.token}/telemetry`, '{"a":1}', { qos: 1 })
    expect((await call<{ a: unknown[] }>(`${path}/telemetry/range`)).a).toHaveLength(1)
    expect(await call(path)).toMatchObject({ connected: true })
    client.stream.destroy()
    await expect.poll(() => call(path), { timeout: 10_000 }).toMatchObject({ connected: false })
    await expect(connectAsync(String(url), { username: 'unknown', reconnectPeriod: 0 })).rejects.toThrow()
  } finally {
    bridge.kill()
  }
})
