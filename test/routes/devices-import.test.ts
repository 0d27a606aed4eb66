import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { createPlatform } from '../../src/objects/stubs.ts'
import type { ServiceContext } from '../../src/services/context.ts'
import { importDevices } from '../../src/services/devices/import-devices.ts'
import { openRegistry } from '../../src/store/registry.ts'
import { openTelemetryStore } from '../../src/store/telemetry-store.ts'
import { counted, hooked, type Tally } from '../helpers/d1.ts'
import { newTenant, type Problem, request, send, type TestTenant } from '../helpers/world.ts'

interface Imported {
  readonly created: number
  readonly existing: number
  readonly rejected: number
  readonly devices: { row: number; deviceId: string; name: string; status: string }[]
  readonly errors: { row: number; column?: string; code: string; detail: string }[]
  readonly warnings: string[]
}
interface Validated {
  readonly valid: number
  readonly invalid: number
  readonly errors: Imported['errors']
  readonly warnings: string[]
}

const header = 'name,deviceType,label,isGateway,parentGateway,devEui,token,inactivityTimeoutMs'
let tenant: TestTenant

beforeEach(async () => {
  tenant = await newTenant()
})

const post = (path: string, body: string, type: string, of: TestTenant) =>
  of.api('POST', `/api/devices/bulk/${path}`, body, { 'content-type': type })

async function load(body: string, type = 'text/csv', of = tenant): Promise<Imported> {
  const response = await post('import', body, type, of)
  expect(response.status).toBe(200)
  return response.json()
}

async function check(body: string, type = 'text/csv'): Promise<Validated> {
  const response = await post('validate', body, type, tenant)
  expect(response.status).toBe(200)
  return response.json()
}

async function stored(of = tenant) {
  const { results } = await env.DB.prepare(
    `SELECT d.name, p.name AS parent, d.is_gateway AS gateway FROM devices d
     LEFT JOIN devices p ON p.id = d.parent_gateway_id WHERE d.tenant_id = ? ORDER BY d.name`,
  )
    .bind(of.tenantId)
    .all<{ name: string; parent: string | null; gateway: number }>()
  return results
}

const eui = (n: number) => n.toString(16).padStart(16, '0')
const many = (count: number) =>
  [header, ...Array.from({ length: count }, (_, i) => `Meter ${i},meter,,,,${i % 2 ? eui(i) : ''},,`)].join('\n')

describe('importing', () => {
  it('takes the template that it gives', async () => {
    const template = await tenant.api('GET', '/api/devices/bulk/template.csv')
    expect(template.headers.get('content-type')).toContain('text/csv')
    const text = await template.text()
    expect(text.split('\r\n')[0]).toBe(header)
    expect(await load(text)).toMatchObject({ created: 1, rejected: 0, warnings: [] })
  })

  it.each([
    ['CSV', `${header}\na,t,l,yes,,,,\nb,,,no,a,70-B3-D5-7E-D0-00-00-01,import-token-1,5000\n`, 'text/csv'],
    [
      'CSV of Excel',
      `\uFEFF${header.replaceAll(',', ';')}\r\n"a";t;l;TRUE;;;;\r\nb;;;0;a;70B3D57ED0000001;import-token-2;5000\r\n`,
      'text/csv; charset=utf-8',
    ],
    [
      'NDJSON',
      '{"name":"a","isGateway":true}\r\n\r\n{"name":"b","parentGateway":"a","token":"import-token-3","inactivityTimeoutMs":5000}\n',
      'application/x-ndjson',
    ],
    [
      'JSON',
      '[{"name":"a","isGateway":true},{"name":"b","parentGateway":"a","token":"import-token-4","inactivityTimeoutMs":"5000"}]',
      'application/json',
    ],
  ])('takes %s', async (_, body, type) => {
    expect(await load(body, type)).toMatchObject({ created: 2, existing: 0, rejected: 0, errors: [], warnings: [] })
    expect(await stored()).toEqual([
      { name: 'a', parent: null, gateway: 1 },
      { name: 'b', parent: 'a', gateway: 0 },
    ])
    const { items } = await (await tenant.api('GET', '/api/devices?gateway=false')).json<{
      items: Record<string, unknown>[]
    }>()
    expect(items[0]).toMatchObject({ inactivityTimeoutMs: 5000, integration: { external_id: items[0]?.id } })
    expect((await send(String(items[0]?.token), { a: 1 })).status).toBe(200)
  })

  it('makes 1,000 rows in one go, and nothing twice', async () => {
    const file = many(1000)
    expect(await load(file)).toMatchObject({ created: 1000, existing: 0, rejected: 0 })
    const again = await load(file)
    expect(again).toMatchObject({ created: 0, existing: 1000, rejected: 0 })
    expect(await stored()).toHaveLength(1000)
  })

  it('makes nothing twice where imports run side by side', async () => {
    const file = `${many(300)}\ngw,,,true,,,,\nchild,,,,gw,,,`
    const results = await Promise.all([load(file), load(file), load(file)])
    expect(results.reduce((sum, { created }) => sum + created, 0)).toBe(302)
    for (const result of results) expect(result).toMatchObject({ rejected: 0, errors: [] })
    expect(results.every(({ created, existing }) => created + existing === 302)).toBe(true)
    expect(await stored()).toHaveLength(302)
  })

  it('knows a device by DevEUI, else by token, else by name', async () => {
    await load(`${header}\nA,,,,,${eui(1)},,\nB,,,,,,known-token,\nC,,,,,,,`)
    const again = await load(`${header}\nrenamed,,,,,${eui(1)},,\nrenamed too,,,,,,known-token,\nC,,,,,,,\nc,,,,,,,`)
    expect(again.devices.map(({ name, status }) => [name, status])).toEqual([
      ['A', 'existing'],
      ['B', 'existing'],
      ['C', 'existing'],
      ['c', 'created'],
    ])
  })

  it('takes back what an export gave, odd names too', async () => {
    await load(`${header}\ngw,,,true,,,,\n`)
    for (const name of ["'=1+1", '=1+1', '-5', '@x', 'a;b', 'a "b", c', '+49', "'plain"]) await tenant.device({ name })
    const { items } = await (await tenant.api('GET', '/api/devices')).json<{ items: { id: string; name: string }[] }>()
    const gateway = items.find(({ name }) => name === 'gw')
    await tenant.device({ name: 'child', parentGatewayId: gateway?.id })
    const text = await (await tenant.api('GET', '/api/devices/export.csv')).text()
    expect(text).toContain("'=1+1")
    expect(text).not.toMatch(/(^|[,\n"])[=+@-]/)
    const before = await stored()
    const again = await load(text)
    expect(again).toMatchObject({ created: 0, existing: before.length, rejected: 0 })
    expect(again.warnings).toEqual(['The column "id" is not known and was not read.'])
    const rowsBelow = text
      .replace(/^.*\r\n/, '')
      .split('\r\n')
      .filter(Boolean)
    const withoutTokens = rowsBelow.map((line) => line.replace(/,[0-9a-f-]{36},(?=[^,]*$)/, ',,')).join('\r\n')
    expect(await load(`id,${header}\r\n${withoutTokens}`)).toMatchObject({ created: 0, existing: before.length })
    expect(await stored()).toEqual(before)
  })

  it('finds parents by name or id, in the file or before, and only those', async () => {
    const old = await tenant.device({ name: 'old', isGateway: true })
    await tenant.device({ name: 'twin', isGateway: true })
    await tenant.device({ name: 'twin', isGateway: true })
    await tenant.device({ name: 'plain' })
    const foreign = await (await newTenant()).device({ name: 'foreign', isGateway: true })
    const parents = [
      'later',
      'old',
      old.deviceId.toUpperCase(),
      'plain',
      'foreign',
      foreign.deviceId,
      'nowhere',
      'twin',
    ]
    const rows = parents.map((parent, i) => `c${i},,,,${parent},,,`)
    const file = [header, ...rows, 'later,,,true,,,,', 'below,,,true,old,,,'].join('\n')
    const checked = await check(file)
    expect(await stored()).toHaveLength(4)
    const result = await load(file)
    expect(result.devices.map(({ row }) => row)).toEqual([1, 2, 3, 9])
    expect(result.errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      ...[4, 5, 6, 7, 8].map((row) => [row, 'parentGateway', 'parent_not_a_gateway']),
      [10, 'parentGateway', 'gateway_with_parent'],
    ])
    expect(checked).toMatchObject({ valid: 4, invalid: 6, errors: result.errors })
    expect((await stored()).filter(({ parent }) => parent !== null)).toEqual([
      { name: 'c0', parent: 'later', gateway: 0 },
      { name: 'c1', parent: 'old', gateway: 0 },
      { name: 'c2', parent: 'old', gateway: 0 },
    ])
  })

  it('says of each bad row which column and why, and takes the good ones', async () => {
    const taken = await (await newTenant()).device({ token: `foreign-${crypto.randomUUID()}` })
    const rows = [
      'good,,,,,,,',
      ',,,,,,,5000',
      `${'x'.repeat(256)},,,,,,,`,
      'a,,,maybe,,,,',
      'b,,,,,12,,',
      'c,,,,,,short,',
      'd,,,,,,,soon',
      'e,,,,,,,1',
      'good,,,,,,,',
      'f,,,,,,,,,too many',
      `g,,,,,,${taken.token},`,
      '=good,,,,,,,600000',
      '"h,,,,,,,',
    ]
    const result = await load([header, ...rows].join('\n'))
    expect(result.errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      [2, 'name', 'field_invalid'],
      [3, 'name', 'field_invalid'],
      [4, 'isGateway', 'field_invalid'],
      [5, 'devEui', 'field_invalid'],
      [6, 'token', 'field_invalid'],
      [7, 'inactivityTimeoutMs', 'field_invalid'],
      [8, 'inactivityTimeoutMs', 'field_invalid'],
      [9, undefined, 'conflict'],
      [10, undefined, 'payload_malformed'],
      [11, undefined, 'conflict'],
      [13, undefined, 'payload_malformed'],
    ])
    expect(result.rejected).toBe(11)
    expect((await stored()).map(({ name }) => name)).toEqual(['=good', 'good'])
  })

  it('reads odd JSON rows without falling over', async () => {
    const rows = [null, 1, 'x', [], {}, { name: {} }, { name: [1] }, { name: true }, { name: 'a\0b' }, { name: 7 }]
    const odd = [
      { name: '\ud800x', label: '😀' },
      { name: 'k', isGateway: 1 },
      { name: 'l', inactivityTimeoutMs: [5000] },
    ]
    const result = await load(JSON.stringify([...rows, ...odd]), 'application/json')
    expect(result.devices.map(({ row }) => row)).toEqual([10, 11, 12])
    expect((await stored()).map(({ name }) => name)).toEqual(['7', 'k', '\ufffdx'])
    expect(await load(JSON.stringify(odd), 'application/json')).toMatchObject({ created: 0, existing: 2 })
    const lines = await load('{"name":"m"}\n{"name"\n"x"\n', 'application/x-ndjson')
    expect(lines.errors.map(({ row, code }) => [row, code])).toEqual([
      [2, 'payload_malformed'],
      [3, 'field_invalid'],
    ])
  })

  it('warns of columns that it does not know', async () => {
    expect((await load('name,colour,__proto__\na,red,1')).warnings).toEqual([
      'The column "colour" is not known and was not read.',
      'The column "__proto__" is not known and was not read.',
    ])
    expect((await check('[{"name":"b","size":1}]', 'application/json')).warnings).toHaveLength(1)
  })

  it('stops at the plan, also side by side, and validate says so before', async () => {
    await env.DB.prepare("UPDATE tenants SET plan_id = 'FREE' WHERE id = ?").bind(tenant.tenantId).run()
    const file = `${header}\ng1,,,true,,,,\ng2,,,true,,,,\ng3,,,true,,,,\n${many(4).split('\n').slice(1).join('\n')}`
    expect(await check(file)).toMatchObject({ valid: 5, invalid: 2 })
    const results = await Promise.all([load(file), load(file.replaceAll('Meter', 'Other').replaceAll('g', 'h'))])
    expect(await stored()).toHaveLength(5)
    for (const { errors } of results) for (const { code } of errors) expect(['plan_limit', 'conflict']).toContain(code)
  })

  it.each([
    ['a file of 1,001 rows', 'text/csv', many(1001), 422],
    ['more than a megabyte', 'text/csv', `${header}\n${'x'.repeat(1024 * 1024)}`, 413],
    ['another type', 'application/xml', '<a/>', 415],
    ['broken JSON', 'application/json', '[{', 400],
    ['JSON that is no array', 'application/json', '{"name":"a"}', 422],
  ])('refuses %s', async (_, type, body, status) => {
    for (const path of ['import', 'validate']) {
      const answer = await post(path, body, type, tenant)
      expect(answer.status).toBe(status)
      expect((await answer.json<Problem>()).status).toBe(status)
    }
    expect(await stored()).toEqual([])
  })

  it('refuses bytes that are no UTF-8 rather than guess', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('name\nM'), 0xfc, ...new TextEncoder().encode('nchen')])
    const response = await request('POST', '/api/devices/bulk/import', {
      headers: { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'text/csv' },
      body: bytes,
    })
    expect(response.status).toBe(400)
    expect(await response.json<Problem>()).toMatchObject({ code: 'payload_malformed', reason: 'json_encoding' })
  })

  it('takes empty files', async () => {
    expect(await load('')).toMatchObject({ created: 0, rejected: 0 })
    expect(await load(header)).toMatchObject({ created: 0, rejected: 0 })
    expect(await load('[]', 'application/json')).toMatchObject({ created: 0, rejected: 0 })
  })
})

describe('what an import costs', () => {
  const contextOf = (db: D1Database): ServiceContext => ({
    registry: openRegistry(db),
    telemetry: openTelemetryStore(env),
    platform: createPlatform(env),
    setupToken: undefined,
    principal: { kind: 'anonymous' },
    tenantId: tenant.tenantId as ServiceContext['tenantId'],
    now: Date.now(),
    baseUrl: '',
    background: () => undefined,
  })

  it('is five statements, however many rows, and a second time writes nothing', async () => {
    const tally: Tally = { statements: 0, rowsWritten: 0, rowsRead: 0 }
    const ctx = contextOf(counted(env.DB, tally))
    const rows = Array.from({ length: 999 }, (_, i) => JSON.stringify({ name: `m${i}`, parentGateway: 'gw' }))
    const text = [JSON.stringify({ name: 'gw', isGateway: true }), ...rows].join('\n')
    const input = { contentType: 'application/x-ndjson', text, write: true }
    expect(await importDevices({ ctx, input })).toMatchObject({ created: 1000 })
    expect(tally.statements).toBe(5)
    Object.assign(tally, { statements: 0, rowsWritten: 0, rowsRead: 0 })
    expect(await importDevices({ ctx, input })).toMatchObject({ created: 0, existing: 1000 })
    expect(tally.statements).toBeLessThanOrEqual(5)
    expect(tally.rowsWritten).toBe(0)
  })

  it('and a parent that goes meanwhile is no parent', async () => {
    const gateway = await tenant.device({ name: 'gw', isGateway: true })
    const db = hooked(env.DB, async ([statement]) => {
      if (!statement?.sql.includes('INSERT INTO devices')) return
      await tenant.api('DELETE', `/api/devices/${gateway.deviceId}`)
    })
    const input = { contentType: 'text/csv', text: 'name,parentGateway\na,gw\nb,', write: true }
    const result = await importDevices({ ctx: contextOf(db), input })
    expect(result.errors).toMatchObject([{ row: 1, code: 'parent_not_a_gateway' }])
    expect(result).toMatchObject({ created: 1, rejected: 1 })
  })
})
