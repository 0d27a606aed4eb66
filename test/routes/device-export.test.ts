import { describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { newTenant, send } from '../helpers/world.ts'

describe('the export of a device', () => {
  it('holds all of it, however much, and nothing of another', async () => {
    const tenant = await newTenant()
    const device = await tenant.device({ name: 'Pump' })
    const other = await tenant.device()
    await send(other.token, { theirs: 1 })
    const times = Array.from({ length: 1_050 }, (_, n) => 1_700_000_000_000 + n)
    for (let i = 0; i < times.length; i += limits.batchItems) {
      const items = times.slice(i, i + limits.batchItems).map((ts) => ({ ts, telemetry: { n: ts % 1_000 } }))
      expect((await send(device.token, { items }, {}, 'telemetry/batch')).status).toBe(200)
    }
    await send(device.token, { ts: 1_600_000_000_000, text: '=1+1', on: true })
    await tenant.api('POST', `/api/devices/${device.deviceId}/attributes`, { scope: 'SHARED', attributes: { a: 1 } })
    await tenant.api('POST', `/api/devices/${device.deviceId}/commands`, { method: 'm', persistent: true })

    const path = `/api/devices/${device.deviceId}/export`
    const text = await (await tenant.api('GET', path)).text()
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; ts: number; values: object })
    const count = (kind: string) => lines.filter((line) => line.kind === kind).length
    expect(lines[0]).toMatchObject({ kind: 'device', deviceId: device.deviceId, name: 'Pump' })
    expect([count('attribute'), count('command'), count('alarm')]).toEqual([1, 1, 0])
    const readings = lines.filter(({ kind }) => kind === 'reading')
    expect(readings.map(({ ts }) => ts)).toEqual([1_600_000_000_000, ...times])
    expect(readings[0]).toMatchObject({ values: { text: '=1+1', on: true } })
    expect(text).not.toContain('theirs')

    const csv = await (await tenant.api('GET', path, undefined, { accept: 'text/csv' })).text()
    const rows = csv.trimEnd().split('\r\n')
    expect(rows.slice(0, 3)).toEqual([
      'time,ts,key,value',
      "2020-09-13T12:26:40.000Z,1600000000000,text,'=1+1",
      '2020-09-13T12:26:40.000Z,1600000000000,on,true',
    ])
    expect(rows).toHaveLength(times.length + 3)
  })
})
