import { request, type TestTenant } from './world.ts'

export interface Answer {
  readonly success: true
  readonly accepted: number
  readonly events?: number
  readonly ignored?: number
  readonly inboxed?: number
  readonly parked?: true
  readonly detail: string
}

export interface Webhook {
  readonly secret: string
  post(
    connector: string,
    body: unknown,
    more?: { query?: Record<string, string>; headers?: Record<string, string>; path?: string },
  ): Promise<Response>
  answer(connector: string, body: unknown, query?: Record<string, string>): Promise<Answer>
}

/** The tenant's webhooks, with a fresh secret. */
export async function openWebhook(tenant: TestTenant): Promise<Webhook> {
  const made = await tenant.api('POST', '/api/tenant/integrations/secret')
  if (made.status !== 201) throw new Error(await made.text())
  const { secret } = await made.json<{ secret: string }>()
  const post: Webhook['post'] = (connector, body, { query = {}, headers = {}, path = '' } = {}) => {
    const search = new URLSearchParams({ tenantId: tenant.tenantId, ...query })
    const isBody = typeof body === 'string' || body instanceof Uint8Array
    return request('POST', `/api/v1/integrations/${connector}/telemetry${path}?${search}`, {
      headers: { 'content-type': 'application/json', 'x-webhook-secret': secret, ...headers },
      body: isBody ? (body as BodyInit) : JSON.stringify(body),
    })
  }
  return {
    secret,
    post,
    async answer(connector, body, query = {}) {
      const response = await post(connector, body, { query })
      if (response.status > 202) throw new Error(`${response.status} ${await response.text()}`)
      return response.json<Answer>()
    },
  }
}

export interface InboxItem {
  readonly id: string
  readonly connector: string
  readonly reason: string
  readonly detail: string
  readonly devEui: string | null
}

export async function inboxOf(tenant: TestTenant, query = ''): Promise<InboxItem[]> {
  const { items } = await (await tenant.api('GET', `/api/tenant/integrations/inbox?limit=500${query}`)).json<{
    items: InboxItem[]
  }>()
  return items
}
