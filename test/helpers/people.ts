import { env } from 'cloudflare:workers'
import type { Role } from '../../src/domain/roles.ts'
import { newSecret, sha256 } from '../../src/services/secrets.ts'
import { request, type TestTenant } from './world.ts'

export const origin = 'https://edge.test'
export const goodPassword = 'violet-harbour-41'

export interface TestPerson {
  readonly personId: string
  readonly email: string
  readonly token: string
  /** With the session as a bearer token, as apps do. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
}

export const freshEmail = () => `p${crypto.randomUUID().slice(0, 13)}@example.com`

/** A member with a session, straight into the database: signing in has tests of its own. */
export async function newPerson(
  tenant: Pick<TestTenant, 'tenantId'> | undefined,
  role: Role = 'viewer',
  { isOperator = false } = {},
): Promise<TestPerson> {
  const personId = crypto.randomUUID()
  const email = freshEmail()
  const now = Date.now()
  await env.DB.prepare(
    'INSERT INTO people (id, email, is_operator, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)',
  )
    .bind(personId, email, isOperator ? 1 : 0, now)
    .run()
  if (tenant) await addMember(tenant.tenantId, personId, role)
  const token = newSecret('acb_')
  await env.DB.prepare(
    `INSERT INTO sessions (token_hash, person_id, tenant_id, created_at, last_used_at, expires_at)
     VALUES (?1, ?2, ?3, ?4, ?4, ?5)`,
  )
    .bind(sha256(token), personId, tenant?.tenantId ?? null, now, now + 3_600_000)
    .run()
  return { personId, email, token, api: apiWith(token) }
}

export async function addMember(tenantId: string, personId: string, role: Role): Promise<void> {
  await env.DB.prepare('INSERT INTO memberships (tenant_id, person_id, role, created_at) VALUES (?, ?, ?, ?)')
    .bind(tenantId, personId, role, Date.now())
    .run()
}

export function apiWith(token: string): TestPerson['api'] {
  return (method, path, body, headers = {}) =>
    request(method, path, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
}

/** As a page of ours in a browser. */
export function post(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') {
  return request(method, path, {
    headers: { 'content-type': 'application/json', origin, ...headers },
    body: JSON.stringify(body),
  })
}

/** The session that an answer sets, as a Cookie header. */
export function cookieOf(response: Response): string {
  return response.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** A person with a password, who accepted an invitation into the tenant; signed in by cookie. */
export async function invitedPerson(tenant: TestTenant, role: Role, email = freshEmail()) {
  const invited = await tenant.api('POST', '/api/invitations', { email, role })
  if (invited.status !== 201) throw new Error(await invited.text())
  const { token } = await invited.json<{ token: string }>()
  const accepted = await post('/api/auth/invitations/accept', { token, password: goodPassword, name: 'Somebody' })
  if (accepted.status !== 200) throw new Error(await accepted.text())
  return { email, cookie: cookieOf(accepted), token }
}
