// Every snippet of Check connectivity, run as it is printed there.
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqtt from 'mqtt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog } from '../../src/web/api/types.ts'
import { placeOf } from '../../src/web/connect/place.ts'
import type { Snippet } from '../../src/web/connect/snippet.ts'
import { snippetsOf } from '../../src/web/connect/snippets.ts'
import { type DemoServer, startDemoServer } from './server.ts'

const root = join(import.meta.dirname, '..', '..')
const devEui = '0102030405060708'

/** What `npx wscat` is to a person: -c connects, -x sends, -w is how many seconds it stays. */
const wscat = `#!/usr/bin/env node
const at = (flag) => process.argv[process.argv.indexOf(flag) + 1]
if (process.argv[2] !== 'wscat') process.exit(2)
const socket = new WebSocket(at('-c'))
socket.onopen = () => socket.send(at('-x'))
socket.onmessage = ({ data }) => console.log(data)
setTimeout(() => socket.close(), Number(at('-w')) * 1000)
`

/** Of one device in the demo, and of a place that runs on HTTPS, whose snippets can only be looked at here. */
const somewhere: Catalog = {
  baseUrl: 'https://iot.example.com',
  host: 'iot.example.com',
  port: 443,
  tls: true,
  transports: [],
}

describe('the snippets of Check connectivity', () => {
  let server: DemoServer
  let dir: string
  let catalog: Catalog
  let device: { readonly id: string; readonly token: string }

  beforeAll(async () => {
    server = await startDemoServer()
    catalog = (await (await fetch(`${server.url}/api/v1/connectivity/catalog`)).json()) as Catalog
    dir = mkdtempSync(join(tmpdir(), 'autoconnecto-snippets-'))
    mkdirSync(join(dir, 'bin'))
    symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
    writeFileSync(join(dir, 'bin', 'npx'), wscat)
    chmodSync(join(dir, 'bin', 'npx'), 0o755)
    const lora = server.demo.devices.lora
    if (!lora) throw new Error('The demo has no device named "lora".')
    device = lora
  })
  afterAll(async () => {
    await server?.stop()
    if (dir) rmSync(dir, { recursive: true, force: true })
  })

  const printed = (where: Catalog) => snippetsOf(placeOf(where, { token: device.token, devEui }, server.demo.tenantId))

  function run(command: string, args: readonly string[]): Promise<string> {
    const env = {
      PATH: `${join(dir, 'bin')}:${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      WEBHOOK_SECRET: server.demo.webhookSecret,
    }
    return new Promise((done, fail) => {
      execFile(command, args, { cwd: dir, env, timeout: 30_000 }, (error, stdout, stderr) =>
        error ? fail(new Error(`${error.message}\n${stdout}${stderr}`)) : done(stdout),
      )
    })
  }

  function save(name: string, code: string): string {
    writeFileSync(join(dir, name), code)
    return name
  }

  /** There is no PowerShell here: its one command is read by its grammar and carried out. */
  async function asPowerShell(code: string): Promise<void> {
    const words = [...code.matchAll(/-(\w+) ('(?:[^']|'')*'|@\{[^}]*\}|\w+)/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ])
    const rest = code.replace(/ -(\w+) ('(?:[^']|'')*'|@\{[^}]*\}|\w+)/g, '')
    expect(rest).toBe('Invoke-RestMethod')
    const given = Object.fromEntries(words) as Record<string, string>
    const text = (name: string) => (given[name] ?? '').replace(/^'|'$/g, '').replaceAll("''", "'")
    const [, header, variable] = /@\{ '([\w-]+)' = \$env:(\w+) \}/.exec(given.Headers ?? '') ?? []
    expect(variable ?? 'WEBHOOK_SECRET').toBe('WEBHOOK_SECRET')
    const response = await fetch(text('Uri'), {
      method: (given.Method ?? '').toUpperCase(),
      headers: { 'content-type': text('ContentType'), ...(header && { [header]: server.demo.webhookSecret ?? '' }) },
      body: text('Body'),
    })
    expect(response.status).toBe(200)
  }

  const textOf = (text: string) => JSON.parse(`"${text}"`) as string

  /** There is no ESP32 here: what the sketch is set to is read from it and used. */
  async function asSketch(code: string): Promise<void> {
    const [, postUrl] = /http\.begin\(client, "([^"]+)"\)/.exec(code) ?? []
    const [, mqttUrl] = /address\.uri = "([^"]+)"/.exec(code) ?? []
    const [, host, port, path] = /socket\.begin\("([^"]+)", (\d+), "([^"]+)", ""\)/.exec(code) ?? []
    if (postUrl) {
      const [, body = ''] = /http\.POST\("((?:[^"\\]|\\.)*)"\)/.exec(code) ?? []
      const [, name = '', type = ''] = /addHeader\("([^"]+)", "([^"]+)"\)/.exec(code) ?? []
      const response = await fetch(postUrl, { method: 'POST', headers: { [name]: type }, body: textOf(body) })
      expect(response.status).toBe(200)
    } else if (mqttUrl) {
      const [, username = ''] = /credentials\.username = "([^"]+)"/.exec(code) ?? []
      const [, topic = '', payload = ''] = /publish\(client, "([^"]+)", "((?:[^"\\]|\\.)*)", 0, 1, 0\)/.exec(code) ?? []
      const client = await mqtt.connectAsync(mqttUrl, { username })
      await client.publishAsync(topic, textOf(payload), { qos: 1 })
      await client.endAsync()
    } else {
      const [, frame = ''] = /sendTXT\("((?:[^"\\]|\\.)*)"\)/.exec(code) ?? []
      const socket = new WebSocket(`ws://${host}:${port}${path}`)
      socket.onopen = () => socket.send(textOf(frame))
      const answer = await new Promise((done) => {
        socket.onmessage = ({ data }) => done(JSON.parse(String(data)))
      })
      socket.close()
      expect(answer).toMatchObject({ type: 'ack', accepted: 1 })
    }
  }

  function carryOut({ tool, code }: Snippet): Promise<unknown> {
    switch (tool) {
      case 'sh':
        return run('sh', ['-c', code.replace(/^curl /, 'curl --fail -sS ')])
      case 'python':
        return run('/usr/bin/python3', [save('send.py', code)])
      case 'node':
        return run('node', [save('send.mjs', code)])
      case 'powershell':
        return asPowerShell(code)
      case 'arduino':
        return asSketch(code)
    }
  }

  async function newest(): Promise<number> {
    const response = await fetch(`${server.url}/api/devices/${device.id}/telemetry/latest`, {
      headers: { authorization: `Bearer ${server.demo.apiKey}` },
    })
    return ((await response.json()) as { temperature?: { ts: number } }).temperature?.ts ?? 0
  }

  test('each store a reading, as they stand', async () => {
    for (const snippet of printed(catalog)) {
      const before = await newest()
      await carryOut(snippet)
      expect(await newest(), `${snippet.way} ${snippet.label}\n${snippet.code}`).toBeGreaterThan(before)
    }
  })

  test('say wss, port 443 and a root certificate where the host has TLS', () => {
    const all = printed(somewhere)
    const codeOf = (way: string, label: string) => all.find((one) => one.way === way && one.label === label)?.code
    expect(codeOf('mqtt', 'ESP32')).toContain('"wss://iot.example.com:443/mqtt"')
    expect(codeOf('mqtt', 'ESP32')).toContain('verification.certificate = ROOT_CA')
    expect(codeOf('mqtt', 'Python')).toContain('tls={}')
    expect(codeOf('mqtt', 'Node.js')).toContain("'wss://iot.example.com/mqtt'")
    expect(codeOf('websocket', 'ESP32')).toContain(
      `beginSslWithCA("iot.example.com", 443, "/api/v1/${device.token}/ws", ROOT_CA, "")`,
    )
    expect(codeOf('http', 'ESP32')).toContain('client.setCACert(ROOT_CA)')
    expect(all.every(({ code }) => !/\bws:|http:/.test(code))).toBe(true)
  })
})
