import { describe, expect, it } from 'vitest'
import { newTenant, type Problem } from '../helpers/world.ts'

interface Timed {
  readonly inactivityTimeoutMs: number
}

interface Profile {
  readonly profileId: string
  readonly name: string
}

const decoder = { kind: 'fields', fields: [{ name: 'temperature', offset: 0, type: 'int16', scale: 0.1 }] }

describe('device profiles', () => {
  it('are made, listed, changed and deleted, by both verbs', async () => {
    const tenant = await newTenant()
    const made = await tenant.api('POST', '/api/device-profiles', { name: 'Probe', decoder })
    expect(made.status).toBe(201)
    const { profileId } = await made.json<Profile>()
    const path = `/api/device-profiles/${profileId}`
    expect(await (await tenant.api('GET', path)).json()).toMatchObject({ name: 'Probe', isDefault: false, decoder })
    expect(await (await tenant.api('PUT', path, { description: 'd' })).json()).toMatchObject({
      name: 'Probe',
      description: 'd',
      decoder,
    })
    expect(await (await tenant.api('PATCH', path, { decoder: null })).json()).toMatchObject({
      description: 'd',
      decoder: null,
    })
    const { items } = await (await tenant.api('GET', '/api/device-profiles')).json<{ items: Profile[] }>()
    expect(items.map(({ name }) => name)).toEqual(['default', 'Probe'])

    const { deviceId } = await tenant.device({ profileId })
    expect((await tenant.api('DELETE', path)).status).toBe(204)
    expect(await (await tenant.api('GET', `/api/devices/${deviceId}`)).json()).toMatchObject({ profileId: null })
    expect((await (await tenant.api('DELETE', path)).json<Problem>()).code).toBe('device_profile_not_found')
  })

  it('have one default, however many ask for it at once', async () => {
    const tenant = await newTenant()
    const ask = async () =>
      (await (await tenant.api('GET', '/api/device-profiles/ensure-default')).json<Profile>()).profileId
    const ids = new Set(await Promise.all([ask(), ask(), ask()]))
    expect(ids.size).toBe(1)
    const answer = await tenant.api('DELETE', `/api/device-profiles/${[...ids][0]}`)
    expect(await answer.json()).toMatchObject({ status: 409, reason: 'default_profile' })
  })

  it('hold how keys are shown, retention and alarm rules in their order; what is not named stays', async () => {
    const tenant = await newTenant()
    const rule = (ruleId: string) => ({ ruleId, name: ruleId, key: 't', severityStages: [{ severity: 'MAJOR' }] })
    const keys = { t: { label: 'Temperature', unit: '°C', decimals: 1, scale: 0.1, offset: -40 } }
    const fields = { name: 'Probe', keys, retentionDays: 30, rollupRetentionDays: 400, alarms: [rule('b'), rule('a')] }
    const made = await (await tenant.api('POST', '/api/device-profiles', fields)).json<Profile>()
    const path = `/api/device-profiles/${made.profileId}`
    expect(made).toMatchObject({ ...fields, alarms: [{ ruleId: 'b', schemaVersion: 2 }, { ruleId: 'a' }] })
    expect(await (await tenant.api('GET', path)).json()).toEqual(made)
    expect(await (await tenant.api('PUT', path, { name: 'New' })).json()).toMatchObject({
      ...made,
      name: 'New',
      updatedAt: expect.any(Number),
    })
    const changed = await tenant.api('PUT', path, { alarms: [rule('c'), rule('b')], keys: {} })
    expect(await changed.json()).toMatchObject({ keys: {}, alarms: [{ ruleId: 'c' }, { ruleId: 'b' }] })
    const twice = await tenant.api('PUT', path, { alarms: [rule('c'), rule('c')] })
    expect(twice.status).toBe(422)
  })

  it('say when their devices are inactive, the default one for those without; a device’s own word goes first', async () => {
    // Two tenants, so that neither has what the other's default says.
    const fallbacks = [30_000, 45_000]
    const made = await Promise.all(
      fallbacks.map(async (fallbackMs) => {
        const tenant = await newTenant()
        const make = { name: 'Slow', inactivityTimeoutMs: 7_200_000 }
        const { profileId } = await (await tenant.api('POST', '/api/device-profiles', make)).json<Profile>()
        const fallback = await (await tenant.api('GET', '/api/device-profiles/ensure-default')).json<Profile>()
        const changes = { inactivityTimeoutMs: fallbackMs }
        expect((await tenant.api('PUT', `/api/device-profiles/${fallback.profileId}`, changes)).status).toBe(200)
        const fields = [{ profileId }, {}, { profileId, inactivityTimeoutMs: 5_000 }]
        return { tenant, devices: await Promise.all(fields.map(tenant.device)) }
      }),
    )
    for (const [i, { tenant, devices }] of made.entries()) {
      const read = async <T>(path: string) => (await tenant.api('GET', path)).json<T>()
      const shown = await Promise.all(devices.map(({ deviceId }) => read<Timed>(`/api/devices/${deviceId}`)))
      expect(shown.map((device) => device.inactivityTimeoutMs)).toEqual([7_200_000, fallbacks[i], 5_000])
      const { items } = await read<{ items: Timed[] }>('/api/devices?online=false')
      const listed = items.map((device) => device.inactivityTimeoutMs)
      expect(listed.sort((a, b) => a - b)).toEqual([5_000, fallbacks[i], 7_200_000])
    }
  })

  it('are the tenant’s own: no stranger sees, changes or gives one', async () => {
    const tenant = await newTenant()
    const stranger = await newTenant()
    const { profileId } = await (await stranger.api('POST', '/api/device-profiles', { name: 'Theirs' })).json<Profile>()
    for (const [method, body] of [['GET'], ['PUT', { name: 'x' }], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      expect((await tenant.api(method, `/api/device-profiles/${profileId}`, body)).status).toBe(404)
    }
    const { deviceId } = await tenant.device()
    for (const response of [
      await tenant.api('POST', '/api/devices', { name: 'x', profileId }),
      await tenant.api('PATCH', `/api/devices/${deviceId}`, { profileId }),
    ]) {
      expect(response.status).toBe(422)
    }
  })

  it.each([
    [{ kind: 'script', code: 'while(1);' }],
    [{ kind: 'fields', fields: [] }],
    [{ kind: 'fields', fields: [{ name: 'a', offset: 0, type: 'uint128' }] }],
    [{ kind: 'fields', fields: [{ name: 'a', offset: 4_000, type: 'uint8' }] }],
    [{ kind: 'fields', fields: Array.from({ length: 129 }, (_, i) => ({ name: `k${i}`, offset: 0, type: 'uint8' })) }],
  ])('take no decoder like %j', async (wrong) => {
    const tenant = await newTenant()
    expect((await tenant.api('POST', '/api/device-profiles', { name: 'x', decoder: wrong })).status).toBe(422)
  })
})
