import { beforeEach, describe, expect, it } from 'vitest'
import { inboxOf, openWebhook, type Webhook } from '../helpers/webhooks.ts'
import { history, newTenant, type TestDevice, type TestTenant } from '../helpers/world.ts'

const devEui = '70b3d57ed0005678'
let tenant: TestTenant
let hook: Webhook
let device: TestDevice

beforeEach(async () => {
  tenant = await newTenant()
  hook = await openWebhook(tenant)
  device = await tenant.device({ integration: { lorawan: { dev_eui: devEui } } })
})

const keys = async () =>
  (await history(device.deviceId)).map(({ values }) => Object.keys(values).filter((key) => !key.startsWith('lora_')))

describe('an uplink of which The Things Stack makes two messages', () => {
  const end_device_ids = { device_id: 'dev1', application_ids: { application_id: 'app1' }, dev_eui: devEui }
  const start = Date.now() - 100_000
  const meta = (f_cnt: number) => ({
    session_key_id: 'AQ==',
    f_port: 1,
    f_cnt,
    frm_payload: 'AQ==',
    received_at: new Date(start + f_cnt * 1_000).toISOString(),
  })
  const uplink = (f_cnt: number) => ({
    end_device_ids,
    uplink_message: {
      ...meta(f_cnt),
      decoded_payload: { temp: f_cnt },
      normalized_payload: [{ air: { temperature: f_cnt } }, { soil: { moisture: 1 } }],
    },
  })
  const copies = (f_cnt: number) =>
    [{ air: { temperature: f_cnt } }, { soil: { moisture: 1 } }].map((normalized_payload) => ({
      end_device_ids,
      uplink_normalized: { ...meta(f_cnt), normalized_payload },
    }))
  const post = async (...bodies: object[]) => {
    let accepted = 0
    for (const body of bodies) accepted += (await hook.answer('ttn', body)).accepted
    return accepted
  }

  it('is stored by its normalized copies, where the uplinks themselves do not come', async () => {
    for (const f_cnt of [1, 2]) expect(await post(...copies(f_cnt), ...copies(f_cnt))).toBe(4)
    expect(await keys()).toEqual([
      ['air.temperature', 'soil.moisture'],
      ['air.temperature', 'soil.moisture'],
    ])
    expect(await inboxOf(tenant)).toEqual([])
  })

  it('is stored as it was decoded where both come, in whichever order', async () => {
    await post(uplink(1), ...copies(1))
    await post(...copies(2), uplink(2), ...copies(2))
    const [a, b, c] = [uplink(3), ...copies(3)] as [object, object, object]
    await Promise.all([hook.answer('ttn', b), hook.answer('ttn', a), hook.answer('ttn', c)])
    expect(await keys()).toEqual([['temp'], ['temp'], ['temp']])
  })

  it('is stored once where the first of all that came was a copy', async () => {
    await post(...copies(1), uplink(1), ...copies(1))
    await post(...copies(2), uplink(2))
    expect(await keys()).toEqual([['air.temperature', 'soil.moisture'], ['temp']])
  })

  it('is stored by its copies again when the uplinks come no more', async () => {
    await post(uplink(1))
    for (let f_cnt = 2; f_cnt <= 12; f_cnt++) await post(...copies(f_cnt))
    const stored = await keys()
    expect(stored[0]).toEqual(['temp'])
    expect(stored.length).toBeGreaterThan(2)
    expect(stored.at(-1)).toEqual(['air.temperature', 'soil.moisture'])
  })
})

describe('an uplink whose payload the network server cannot read', () => {
  it('is kept as it is, and no decoder is let at it', async () => {
    const body = {
      deduplicationId: crypto.randomUUID(),
      time: new Date().toISOString(),
      deviceInfo: { devEui },
      devAddr: '01020304',
      fCnt: 1,
      fPort: 2,
      data: 'AWcBEA==', // as CayenneLPP: 27.2 °C
      joinServerContext: { sessionKeyId: 'AQ==', appSKey: { kekLabel: 'kek', aesKey: 'AQ==' } },
    }
    expect(await hook.answer('chirpstack', body, { event: 'up' })).toMatchObject({ accepted: 0, inboxed: 1 })
    expect(await history(device.deviceId)).toEqual([])
    expect(await inboxOf(tenant)).toMatchObject([{ reason: 'payload_encrypted' }])
    const { joinServerContext: _, ...readable } = body
    expect(await hook.answer('chirpstack', { ...readable, deduplicationId: 'other' })).toMatchObject({ accepted: 1 })
  })
})

describe('approving one entry of a device without a DevEUI', () => {
  it('replays the others of it, and nobody else’s', async () => {
    const body = (device_id: string, n: number) => ({
      end_device_ids: { device_id, application_ids: { application_id: 'app1' } },
      uplink_message: {
        f_cnt: n,
        f_port: 1,
        decoded_payload: { n },
        received_at: new Date(Date.now() - 60_000 + n * 1_000).toISOString(),
      },
    })
    for (const n of [1, 2, 3]) await hook.answer('ttn', body('probe', n))
    await hook.answer('ttn', body('other', 4))
    const entries = await inboxOf(tenant)
    expect(entries).toHaveLength(4)
    const approved = await tenant.api('POST', `/api/tenant/integrations/inbox/${entries[1]?.id}/approve`, {
      deviceId: device.deviceId,
    })
    expect(await approved.json()).toMatchObject({ replayed: { isDone: true }, alsoReplayed: 2 })
    expect((await history(device.deviceId)).map(({ values }) => values.n)).toEqual([1, 2, 3])
    expect(await inboxOf(tenant)).toHaveLength(1)
  })
})
