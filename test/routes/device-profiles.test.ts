import { describe, expect, it } from 'vitest'
import { newTenant, type Problem } from '../helpers/world.ts'

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
    expect(items.map(({ name }) => name)).toEqual(['Probe'])

    const { deviceId } = await tenant.device({ profileId })
    expect((await tenant.api('DELETE', path)).status).toBe(204)
    expect(await (await tenant.api('GET', `/api/devices/${deviceId}`)).json()).toMatchObject({ profileId: null })
    expect((await (await tenant.api('DELETE', path)).json<Problem>()).code).toBe('device_profile_not_found')
  })

  it('have one default, however many ask for it at once', async () => {
    const tenant = await newTenant()
    const ask = async () =>
      (await (await tenant.api('GET', '/api/device-profiles/ensure-default')).json<Profile>()).profileId
    expect(new Set(await Promise.all([ask(), ask(), ask()])).size).toBe(1)
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
