import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { newTenant, type Problem, type TestTenant } from '../helpers/world.ts'

interface Row {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly lastActivityTs: number | null
}
interface Page {
  readonly items: Row[]
  readonly nextCursor: string | null
}

let tenant: TestTenant
const count = 120
const now = Date.now()

/** 120 devices: names in three sorts of writing and many twice; 40 speak now, 40 spoke long ago, 40 never. */
beforeAll(async () => {
  tenant = await newTenant()
  const rows = Array.from({ length: count }, (_, i) => ({
    name: [`Pump ${i % 50}`, `pump ${i % 50}`, `Ünit ${i}`][i % 3],
    label: i % 10 === 0 ? 'Halle Süd' : '',
    deviceType: i % 2 ? 'odd' : 'even',
    devEui: i === 7 ? '70b3d57ed000abcd' : '',
    token: `list-${i}-${crypto.randomUUID()}`,
  }))
  const made = await (
    await tenant.api('POST', '/api/devices/bulk/import', rows, { 'content-type': 'application/json' })
  ).json<{ created: number; devices: { row: number; deviceId: string }[] }>()
  expect(made.created).toBe(count)
  const state = env.TELEMETRY_0.prepare("INSERT INTO device_state VALUES (?, ?, ?, '{}', 0)")
  const spoken = made.devices.filter(({ row }) => row % 3 !== 0)
  await env.TELEMETRY_0.batch(
    // Many with the same time, so that the id has to tell them apart.
    spoken.map(({ row, deviceId }) =>
      state.bind(tenant.tenantId, deviceId, row % 3 === 1 ? now - (row % 5) : now - 86_400_000 - (row % 5)),
    ),
  )
})

const list = async (query: Record<string, string | number>) => {
  const search = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]))
  return tenant.api('GET', `/api/devices?${search}`)
}

async function walk(query: Record<string, string | number>): Promise<Row[]> {
  const rows: Row[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await list({ ...query, ...(cursor && { cursor }) })
    expect(response.status).toBe(200)
    const page: Page = await response.json()
    expect(page.items.length).toBeLessThanOrEqual(Number(query.limit))
    rows.push(...page.items)
    cursor = page.nextCursor
    if (rows.length > 2 * count) throw new Error('no end')
  }
  return rows
}

const sorts = ['name', '-name', 'lastSeen', '-lastSeen']
const fold = (name: string) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

function inOrder(sort: string, a: Row, b: Row): boolean {
  if (sort === 'name') return fold(a.name) <= fold(b.name)
  if (sort === '-name') return fold(a.name) >= fold(b.name)
  if (b.lastActivityTs === null) return true
  if (a.lastActivityTs === null) return false
  return sort === 'lastSeen' ? a.lastActivityTs <= b.lastActivityTs : a.lastActivityTs >= b.lastActivityTs
}

describe('pages', () => {
  const cases = sorts.flatMap((sort) => [7, 40, 60, 119, 120, 500].map((limit) => [sort, limit] as const))
  it.each(cases)('by %s, %d at a time: no gap, no double', async (sort, limit) => {
    const rows = await walk({ sort, limit })
    expect(new Set(rows.map(({ id }) => id)).size).toBe(count)
    expect(rows).toHaveLength(count)
    expect(rows.filter((row, i) => i > 0 && !inOrder(sort, rows[i - 1] as Row, row))).toEqual([])
  })

  it.each(sorts.flatMap((sort) => ['true', 'false'].map((online) => [sort, online] as const)))(
    'by %s where online is %s',
    async (sort, online) => {
      const rows = await walk({ sort, online, limit: 20 })
      expect(new Set(rows.map(({ id }) => id)).size).toBe(online === 'true' ? 40 : 80)
      expect(rows).toHaveLength(online === 'true' ? 40 : 80)
      expect(new Set(rows.map(({ status }) => status))).toEqual(new Set([online === 'true' ? 'ACTIVE' : 'INACTIVE']))
      expect(rows.filter((row, i) => i > 0 && !inOrder(sort, rows[i - 1] as Row, row))).toEqual([])
    },
  )

  it('go on where they were when devices come and go meanwhile', async () => {
    const own = await newTenant()
    const ids: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) ids.push((await own.device({ name })).deviceId)
    const page = async (cursor?: string) =>
      (await own.api('GET', `/api/devices?limit=2${cursor ? `&cursor=${cursor}` : ''}`)).json<Page>()
    const first = await page()
    await own.api('DELETE', `/api/devices/${ids[1]}`)
    await own.device({ name: 'aa' })
    await own.device({ name: 'bb' })
    const second = await page(first.nextCursor ?? '')
    expect(second.items.map(({ name }) => name)).toEqual(['bb', 'c'])
  })

  it('are walked along an index', async () => {
    const { results } = await env.DB.prepare(
      `EXPLAIN QUERY PLAN SELECT * FROM devices WHERE tenant_id = ?1 AND (name COLLATE NOCASE, id) > (?2, ?3)
       ORDER BY name COLLATE NOCASE, id LIMIT 51`,
    )
      .bind(tenant.tenantId, 'a', 'b')
      .all<{ detail: string }>()
    const plan = results.map(({ detail }) => detail).join('\n')
    expect(plan).toContain('devices_name')
    expect(plan).not.toContain('TEMP B-TREE')
  })
})

describe('filters', () => {
  const found = async (query: Record<string, string>) => (await walk({ ...query, limit: 500 })).length

  it('search in name, label, id and DevEUI, whatever the case', async () => {
    expect(await found({ search: 'PUMP' })).toBe(80)
    expect(await found({ search: 'ünit' })).toBe(40)
    expect(await found({ search: 'Ünit' })).toBe(40)
    expect(await found({ search: 'SÜD' })).toBe(12)
    expect(await found({ search: '70B3D57ED000ABCD' })).toBe(1)
    expect(await found({ search: '70-b3-d5-7e-d0-00-ab-cd' })).toBe(1)
    const [row] = await walk({ search: '70b3d57ed000abcd', limit: 5 })
    expect(await found({ search: row?.id.toUpperCase() ?? '' })).toBe(1)
    expect(await found({ search: '' })).toBe(count)
  })

  it('take any search text for text', async () => {
    for (const search of ['%', '_', "'", '"', '\\', '; DROP TABLE devices', '😀', '\ud800', 'x'.repeat(255), '  ']) {
      expect((await list({ search })).status).toBe(200)
    }
    expect(await found({ search: '%' })).toBe(0)
    expect(await found({ search: "' OR '1'='1" })).toBe(0)
  })

  it('type, by both of its names', async () => {
    expect(await found({ deviceType: 'odd' })).toBe(60)
    expect(await found({ type: 'even' })).toBe(60)
    expect(await found({ type: 'even', search: 'ünit' })).toBe(20)
    expect(await (await tenant.api('GET', '/api/devices/types')).json()).toEqual({ types: ['even', 'odd'] })
  })

  it('gateways and their children', async () => {
    const own = await newTenant()
    const gateway = await own.device({ name: 'gw', isGateway: true })
    const children = ['c', 'a', 'b']
    for (const name of children) await own.device({ name, parentGatewayId: gateway.deviceId })
    const names = async (path: string) =>
      (await (await own.api('GET', path)).json<Page>()).items.map(({ name }) => name)
    expect(await names('/api/devices?gateway=true')).toEqual(['gw'])
    expect(await names('/api/devices?gateway=false')).toEqual(['a', 'b', 'c'])
    expect(await names(`/api/devices?parentGatewayId=${gateway.deviceId.toUpperCase()}`)).toEqual(['a', 'b', 'c'])
    expect(await names(`/api/devices/${gateway.deviceId}/children`)).toEqual(['a', 'b', 'c'])
    const first = await (await own.api('GET', `/api/devices/${gateway.deviceId}/children?limit=2`)).json<Page>()
    expect(await names(`/api/devices/${gateway.deviceId}/children?cursor=${first.nextCursor}`)).toEqual(['c'])
  })
})

describe('what is no list', () => {
  const place = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  it.each([
    'x',
    '!!!',
    '😀',
    '%00',
    place(null),
    place({}),
    place([]),
    place(['name', 1, 'x']),
    place(['name', 'x']),
    place(['name', 'x', 1]),
    place(['name', ['x'], 'y']),
    place(['-name', 'x', 'y']),
    place(['lastSeen', 1, 'x']),
  ])('the cursor %s', async (cursor) => {
    const response = await list({ cursor })
    expect(response.status).toBe(422)
    expect(await response.json<Problem>()).toMatchObject({ reason: 'field_invalid' })
  })

  it('a cursor of another sort', async () => {
    const { nextCursor } = await (await list({ limit: 2, sort: 'lastSeen' })).json<Page>()
    expect((await list({ cursor: nextCursor ?? '', sort: '-lastSeen' })).status).toBe(422)
    expect((await list({ cursor: nextCursor ?? '', sort: 'name' })).status).toBe(422)
    expect((await list({ cursor: nextCursor ?? '', sort: 'lastSeen' })).status).toBe(200)
  })

  it.each([
    { limit: 0 },
    { limit: 501 },
    { limit: 1.5 },
    { limit: 'many' },
    { sort: 'token' },
    { online: 'maybe' },
    { gateway: '1' },
    { search: 'x'.repeat(256) },
  ])('%j', async (query: Record<string, string | number>) => {
    expect((await list(query)).status).toBe(422)
  })
})
