import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { newTenant, request, send, type TestTenant } from '../helpers/world.ts'

let tenant: TestTenant
let profileId: string
let key: string
let secret: string

interface Provisioned {
  readonly deviceId: string
  readonly token: string
  readonly name: string
  readonly isNew: boolean
}

beforeEach(async () => {
  tenant = await newTenant()
  ;({ profileId } = await (await tenant.api('POST', '/api/device-profiles', { name: 'Meter' })).json<{
    profileId: string
  }>())
  ;({ key, secret } = await (await tenant.api('POST', path())).json<{ key: string; secret: string }>())
})

const path = () => `/api/device-profiles/${profileId}/provisioning`
const enrol = (hardwareId: string, fields: object = {}) =>
  request('POST', '/api/v1/provision', { body: JSON.stringify({ key, secret, hardwareId, ...fields }) })

describe('a firmware image', () => {
  it('enrols the device that it runs on, which then sends readings', async () => {
    const made = await (await enrol('AC:67:B2:00:00:01', { name: 'Meter 1' })).json<Provisioned>()
    expect(made).toMatchObject({ name: 'Meter 1', isNew: true })
    expect((await send(made.token, { power: 5 })).status).toBe(200)
    const device = await (await tenant.api('GET', `/api/devices/${made.deviceId}`)).json()
    expect(device).toMatchObject({ name: 'Meter 1', profileId })
    const log = await (await tenant.api('GET', '/api/audit?action=provisionDevice')).json<{ items: object[] }>()
    expect(log.items).toMatchObject([{ actor: `provisioning:${profileId}`, target: made.deviceId }])
  })

  it('enrols a device once, however often and however many at once it asks', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => enrol('serial-0001')))
    const made = await Promise.all(answers.map((answer) => answer.json<Provisioned>()))
    expect(new Set(made.map(({ deviceId }) => deviceId)).size).toBe(1)
    expect(new Set(made.map(({ token }) => token)).size).toBe(1)
    expect(made.filter(({ isNew }) => isNew)).toHaveLength(1)
    const list = await (await tenant.api('GET', '/api/devices')).json<{ items: unknown[] }>()
    expect(list.items).toHaveLength(1)
  })

  it('is not told an older device’s token, unless its profile says so', async () => {
    const first = await (await enrol('serial-0002')).json<Provisioned>()
    await env.DB.prepare('UPDATE provisioned_devices SET created_at = created_at - 90000000').run()
    const refused = await enrol('serial-0002')
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ reason: 'hardware_id_taken' })
    await tenant.api('PATCH', path(), { allowsAgain: true })
    expect(await (await enrol('serial-0002')).json()).toMatchObject({ token: first.token, isNew: false })
  })

  it('enrols nothing with a wrong secret, a key that is off, rotated or gone: one answer for all', async () => {
    const bodies = new Set<string>()
    const refused = async (fields: object = {}) => {
      const answer = await enrol('serial-0003', fields)
      expect(answer.status).toBe(401)
      const { instance: _, ...body } = await answer.json<{ instance: string }>()
      bodies.add(JSON.stringify(body))
    }
    await refused({ secret: 'wrong' })
    await refused({ key: crypto.randomUUID() })
    await tenant.api('PATCH', path(), { isEnabled: false })
    await refused()
    await tenant.api('PATCH', path(), { isEnabled: true })
    expect((await enrol('serial-0003')).status).toBe(200)
    await tenant.api('POST', path())
    await refused()
    await tenant.api('DELETE', path())
    await refused()
    expect(bodies.size).toBe(1)
    expect(await (await tenant.api('GET', path())).json()).toBeNull()
  })

  it('stays within the plan', async () => {
    await env.DB.prepare("UPDATE tenants SET plan_id = 'FREE' WHERE id = ?").bind(tenant.tenantId).run()
    const statuses = (await Promise.all(Array.from({ length: 8 }, (_, n) => enrol(`serial-1${n}00`)))).map(
      ({ status }) => status,
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(5)
    expect(statuses.filter((status) => status === 409)).toHaveLength(3)
  })

  it('has a secret that is stored as a hash, and is set up by admins of its tenant', async () => {
    const rows = await env.DB.prepare('SELECT * FROM provisioning_keys').all()
    expect(JSON.stringify(rows.results)).not.toContain(secret)
    expect(await (await tenant.api('GET', path())).text()).not.toContain(secret)
    const stranger = await newTenant()
    for (const method of ['GET', 'POST', 'DELETE']) expect((await stranger.api(method, path())).status).toBe(404)
  })
})
