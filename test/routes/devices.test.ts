import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { newTenant, type Problem, request, send, type TestTenant } from '../helpers/world.ts'

interface Device {
  readonly deviceId: string
  readonly id: string
  readonly name: string
  readonly token?: string
  readonly label: string | null
  readonly isGateway: boolean
  readonly parentGatewayId: string | null
  readonly integration: { readonly external_id: string; readonly lorawan: { readonly dev_eui: string | null } }
  readonly status: string
  readonly lastActivityTs: number | null
  readonly inactivityTimeoutMs: number
  readonly childCount?: number
}

let tenant: TestTenant
let stranger: TestTenant

beforeAll(async () => {
  tenant = await newTenant()
  stranger = await newTenant()
})

const create = (fields: object, of = tenant) => of.api('POST', '/api/devices', { name: 'A device', ...fields })
const patch = (id: string, fields: object, of = tenant) => of.api('PATCH', `/api/devices/${id}`, fields)
const get = async (id: string, of = tenant) => (await of.api('GET', `/api/devices/${id}`)).json<Device>()
const made = async (fields: object = {}, of = tenant) => {
  const response = await create(fields, of)
  expect(response.status).toBe(201)
  return response.json<Device>()
}
const gateway = (of = tenant) => made({ name: 'A gateway', isGateway: true }, of)

async function refused(response: Promise<Response> | Response, status: number, reason?: string): Promise<Problem> {
  const answer = await response
  const problem = await answer.json<Problem>()
  expect({ status: answer.status, reason: problem.reason }).toEqual({ status, reason })
  return problem
}

const eui = () => crypto.randomUUID().replaceAll('-', '').slice(0, 16)

describe('creating a device', () => {
  it('answers the whole device, its token, and its own id as external id', async () => {
    const device = await made({ name: '  Pump 1 ', label: 'Hall', deviceType: 'pump' })
    expect(device).toMatchObject({
      deviceId: device.id,
      name: 'Pump 1',
      deviceType: 'pump',
      label: 'Hall',
      isGateway: false,
      parentGatewayId: null,
      integration: { external_id: device.id, lorawan: { dev_eui: null } },
      status: 'INACTIVE',
      lastActivityTs: null,
      inactivityTimeoutMs: 600_000,
      profileId: null,
    })
    expect(await get(device.id)).toEqual(device)
    expect((await send(device.token ?? '', { t: 1 })).status).toBe(200)
    expect(await get(device.id)).toMatchObject({ status: 'ACTIVE', lastActivityTs: expect.any(Number) })
  })

  it.each(['70B3D57ED0000001', '70-b3-d5-7e-d0-00-00-01', '70:B3:D5:7E:D0:00:00:01', ' 70b3d57e d0000001 '])(
    'takes the DevEUI %j, once in a tenant',
    async (dev_eui) => {
      const own = await newTenant()
      const device = await made({ integration: { lorawan: { dev_eui } } }, own)
      expect(device.integration.lorawan.dev_eui).toBe('70b3d57ed0000001')
      await refused(create({ integration: { lorawan: { dev_eui: '70B3D57ED0000001' } } }, own), 409, 'dev_eui_taken')
    },
  )

  it('takes a token that the caller brings; a taken one is refused alike, whoever has it', async () => {
    const token = `mine-${crypto.randomUUID()}`
    expect((await made({ token })).token).toBe(token)
    const own = await refused(create({ token }), 409)
    const theirs = await refused(create({ token }, stranger), 409)
    expect(theirs.detail).toBe(own.detail)
    await refused(create({ token: 'short' }), 422, 'field_invalid')
    await refused(create({ token: 'has space in it' }), 422, 'field_invalid')
  })

  it('lets a token work at once, also one that was just refused as unknown', async () => {
    const token = `late-${crypto.randomUUID()}`
    expect((await send(token, { a: 1 })).status).toBe(401)
    await made({ token })
    expect((await send(token, { a: 1 })).status).toBe(200)
  })

  it('lets two devices have one name', async () => {
    const [a, b] = [await made({ name: 'Twin' }), await made({ name: 'Twin' })]
    expect(a.id).not.toBe(b.id)
  })

  it('keeps one parent level, and parents that are gateways of the tenant', async () => {
    const parent = await gateway()
    const child = await made({ parentGatewayId: parent.id.toUpperCase() })
    expect(child.parentGatewayId).toBe(parent.id)
    expect((await get(parent.id)).childCount).toBe(1)
    await refused(create({ isGateway: true, parentGatewayId: parent.id }), 422, 'gateway_with_parent')
    for (const parentGatewayId of [child.id, crypto.randomUUID(), (await gateway(stranger)).id, 'no-id', '']) {
      await refused(create({ parentGatewayId }), 422, 'parent_not_a_gateway')
    }
  })

  it('keeps to the plan, however many ask at once', async () => {
    const free = await newTenant()
    await env.DB.prepare("UPDATE tenants SET plan_id = 'FREE' WHERE id = ?").bind(free.tenantId).run()
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({}, free)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
    await refused(create({}, free), 409, 'plan_limit')
  })

  it('gives one DevEUI to one of twenty who ask at once', async () => {
    const integration = { lorawan: { dev_eui: eui() } }
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ integration })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
  })

  const long = 'x'.repeat(256)
  it.each([
    ['no name', { name: undefined }],
    ['an empty name', { name: '  ' }],
    ['a long name', { name: long }],
    ['a name that is no text', { name: { $ne: 1 } }],
    ['U+0000 in the name', { name: 'a\0b' }],
    ['a long type', { deviceType: long }],
    ['a flag that is no flag', { isGateway: 'yes' }],
    ['a timeout below a second', { inactivityTimeoutMs: 1 }],
    ['a timeout over a year', { inactivityTimeoutMs: 1e15 }],
    ['a wrong DevEUI', { integration: { lorawan: { dev_eui: '70B3D57ED000000' } } }],
    ['a DevEUI that is no text', { integration: { lorawan: { dev_eui: 12 } } }],
    ['integration that is no object', { integration: 'x' }],
  ])('refuses %s', async (_, fields) => {
    await refused(create(fields), 422, 'field_invalid')
  })

  it.each([
    "Robert'); DROP TABLE devices;--",
    '" OR 1=1 --',
    '%_%',
    '😀 Ünïcödé मशीन',
    '\ud800 half',
    '{{constructor}}',
    '__proto__',
    '<img src=x onerror=alert(1)>',
  ])('keeps the name %j as it is', async (name) => {
    const device = await made({ name, label: name })
    expect(device).toMatchObject({ name: name.toWellFormed(), label: name.toWellFormed() })
    expect(await get(device.id)).toMatchObject({ name: device.name, label: device.label })
  })
})

describe('changing a device', () => {
  it('changes what is named, clears what is null, and leaves the rest', async () => {
    const parent = await gateway()
    const integration = { lorawan: { dev_eui: eui() } }
    const device = await made({ label: 'a', parentGatewayId: parent.id, integration, inactivityTimeoutMs: 5000 })
    expect(await (await patch(device.id, { name: 'New' })).json()).toMatchObject({
      name: 'New',
      label: 'a',
      parentGatewayId: parent.id,
      integration,
      inactivityTimeoutMs: 5000,
    })
    const nothing = { label: null, parentGatewayId: null, inactivityTimeoutMs: null }
    await patch(device.id, { ...nothing, integration: { lorawan: { dev_eui: null } } })
    expect(await get(device.id)).toMatchObject({
      name: 'New',
      label: null,
      parentGatewayId: null,
      integration: { external_id: device.id, lorawan: { dev_eui: null } },
      inactivityTimeoutMs: 600_000,
      token: device.token,
    })
    expect((await patch(device.id, {})).status).toBe(200)
  })

  it('loses nothing where two change different fields at once', async () => {
    const device = await made()
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        patch(device.id, { name: `n${round}` }),
        patch(device.id, { label: `l${round}` }),
        patch(device.id, { deviceType: `t${round}` }),
      ])
      const { name, label } = await get(device.id)
      expect([name, label]).toEqual([`n${round}`, `l${round}`])
    }
  })

  it('keeps the rules of gateways', async () => {
    const [a, b] = [await gateway(), await gateway()]
    const child = await made({ parentGatewayId: a.id })
    await refused(patch(child.id, { isGateway: true }), 422, 'gateway_with_parent')
    await refused(patch(b.id, { parentGatewayId: a.id }), 422, 'gateway_with_parent')
    await refused(patch(child.id, { parentGatewayId: child.id }), 422, 'parent_not_a_gateway')
    await refused(patch(child.id, { parentGatewayId: (await gateway(stranger)).id }), 422, 'parent_not_a_gateway')
    await refused(patch(b.id, { isGateway: false, parentGatewayId: b.id }), 422, 'parent_not_a_gateway')
    await refused(patch(a.id, { isGateway: false }), 409, 'gateway_has_children')
    expect((await patch(child.id, { parentGatewayId: null, isGateway: true })).status).toBe(200)
    expect((await patch(a.id, { isGateway: false, parentGatewayId: b.id })).status).toBe(200)
    expect(await get(b.id)).toMatchObject({ childCount: 1 })
  })

  it('keeps the rules of gateways in a race', async () => {
    for (let round = 0; round < 10; round++) {
      const [parent, child] = [await gateway(), await made()]
      await Promise.all([
        patch(parent.id, { isGateway: false }),
        patch(child.id, { parentGatewayId: parent.id }),
        patch(child.id, { isGateway: true }),
        create({ parentGatewayId: parent.id }),
      ])
      const [p, c] = [await get(parent.id), await get(child.id)]
      if (c.parentGatewayId !== null) expect([c.isGateway, p.isGateway]).toEqual([false, true])
      const { items } = await (await tenant.api('GET', `/api/devices/${parent.id}/children`)).json<{
        items: Device[]
      }>()
      if (!p.isGateway) expect(items).toEqual([])
    }
  })

  it('keeps DevEUIs apart', async () => {
    const integration = { lorawan: { dev_eui: eui() } }
    await made({ integration })
    await refused(patch((await made()).id, { integration }), 409, 'dev_eui_taken')
    const own = await made({}, stranger)
    expect((await patch(own.id, { integration }, stranger)).status).toBe(200)
  })

  it('reaches the doors at once', async () => {
    const [parent, child] = [await gateway(), await made()]
    const speak = () => send(parent.token ?? '', { childDeviceId: child.id, telemetry: { a: 1 } })
    expect((await speak()).status).toBe(404)
    await patch(child.id, { parentGatewayId: parent.id })
    expect((await speak()).status).toBe(200)
    await patch(child.id, { parentGatewayId: null })
    expect((await speak()).status).toBe(404)
    await patch(parent.id, { isGateway: false })
    expect((await speak()).status).toBe(403)
  })
})

describe('rotating a token', () => {
  it('kills the old one at once and answers the new one', async () => {
    const device = await made()
    expect((await send(device.token ?? '', { a: 1 })).status).toBe(200)
    const rotated = await (await tenant.api('POST', `/api/devices/${device.id}/token`)).json<Device>()
    expect(rotated.id).toBe(device.id)
    expect(rotated.token).not.toBe(device.token)
    expect((await send(device.token ?? '', { a: 1 })).status).toBe(401)
    expect((await send(rotated.token ?? '', { a: 2 })).status).toBe(200)
  })
})

describe('deleting a device', () => {
  it('answers at once; nothing shows it any more, its token is dead, children stay without a parent', async () => {
    const parent = await gateway()
    const child = await made({ parentGatewayId: parent.id })
    await env.DB.prepare("INSERT INTO attributes VALUES (?, 'server', 'k', '1', 1, ?)")
      .bind(parent.id, tenant.tenantId)
      .run()
    const answer = await tenant.api('DELETE', `/api/devices/${parent.id}`)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect((await tenant.api('GET', `/api/devices/${parent.id}`)).status).toBe(404)
    expect((await send(parent.token ?? '', { a: 1 })).status).toBe(401)
    expect((await get(child.id)).parentGatewayId).toBeNull()
    const left = async (table: string) =>
      (await env.DB.prepare(`SELECT * FROM ${table} WHERE device_id = ?`).bind(parent.id).all()).results.length
    expect([await left('attributes'), await left('device_tombstones')]).toEqual([0, 1])
    expect((await tenant.api('DELETE', `/api/devices/${parent.id}`)).status).toBe(404)
  })

  it('frees its DevEUI and its token', async () => {
    const fields = { token: `again-${crypto.randomUUID()}`, integration: { lorawan: { dev_eui: eui() } } }
    const first = await made(fields)
    await tenant.api('DELETE', `/api/devices/${first.id}`)
    expect((await made(fields)).id).not.toBe(first.id)
  })

  it('may be asked twice at once', async () => {
    const device = await made()
    const remove = async () => (await tenant.api('DELETE', `/api/devices/${device.id}`)).status
    for (const status of await Promise.all([remove(), remove()])) expect([204, 404]).toContain(status)
    const stones = env.DB.prepare('SELECT count(*) AS n FROM device_tombstones WHERE device_id = ?').bind(device.id)
    expect(await stones.first('n')).toBe(1)
  })
})

describe('who sees what', () => {
  const calls: [string, string, object?][] = [
    ['GET', ''],
    ['PATCH', '', { name: 'x' }],
    ['DELETE', ''],
    ['POST', '/token'],
    ['GET', '/children'],
    ['GET', '/events'],
  ]

  it.each(calls)('%s …%s: a stranger’s device and none at all are the same 404', async (method, path, body) => {
    const theirs = await made({ isGateway: true }, stranger)
    const problems = []
    for (const id of [theirs.id, crypto.randomUUID(), 'no-id', "'", '%00', '😀', 'a'.repeat(500)]) {
      const { instance: _, ...problem } = (await refused(
        tenant.api(method, `/api/devices/${encodeURIComponent(id)}${path}`, body),
        404,
      )) as Problem & { instance: string }
      problems.push(problem)
    }
    expect(problems[0]?.code).toBe('device_not_found')
    for (const problem of problems) expect(problem).toEqual(problems[0])
    expect(await get(theirs.id, stranger)).toEqual(theirs)
  })

  it('shows tokens only to keys that may write', async () => {
    const device = await made()
    const key = async (scopes: string[]) =>
      (await (await tenant.api('POST', '/api/api-keys', { name: 'k', scopes })).json<{ apiKey: string }>()).apiKey
    const look = async (apiKey: string, path: string) =>
      (await request('GET', path, { headers: { authorization: `Bearer ${apiKey}` } })).text()
    const [reader, writer] = [await key(['read']), await key(['write'])]
    for (const path of [`/api/devices/${device.id}`, '/api/devices?limit=500', '/api/devices/export.csv']) {
      expect(await look(reader, path)).toContain(device.id)
      expect(await look(reader, path)).not.toContain(device.token)
      expect(await look(reader, path)).not.toContain('token')
      expect(await look(writer, path)).toContain(device.token)
    }
  })
})
