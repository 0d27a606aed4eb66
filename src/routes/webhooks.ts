import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { fromBase64 } from '../codec/base64.ts'
import type { Connector, WebhookConnector } from '../connectors/connector.ts'
import { connectors } from '../connectors/index.ts'
import { AppError } from '../domain/errors.ts'
import { newCommandId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import type { WebhookAnswer, WebhookCall } from '../domain/webhook.ts'
import { countUnknownToken } from '../services/rate-gate.ts'
import { sha256 } from '../services/secrets.ts'
import { answerWebhook } from '../services/webhooks/answer-webhook.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './body.ts'
import { pipelineContext } from './device-door.ts'
import { describe, type Operation } from './operation.ts'

const answerSchema = z.object({
  success: z.literal(true),
  accepted: z.number().meta({ description: 'Readings that are stored.' }),
  events: z.number().optional().meta({ description: 'Kept among the events of their devices.' }),
  ignored: z.number().optional().meta({ description: 'Passed over on purpose; detail says why.' }),
  inboxed: z.number().optional().meta({ description: 'Kept in the inbox; detail says why.' }),
  parked: z.literal(true).optional().meta({ description: '202: kept, and worked off when the database answers.' }),
  detail: z.string(),
})

/** Mounts every connector that a tenant's secret speaks at; a sender may name the device behind the path. */
export function webhookRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  for (const connector of connectors as readonly Connector[]) {
    if (connector.speaker !== 'tenant_secret') continue
    const handler = (c: Context<AppEnv>) => takeCall(c, connector)
    const spec = toOperation(connector)
    const summary = 'The same; the device is named by the last part of the path where the body does not name it'
    app.post(
      connector.door.path,
      describe(spec, (c: Context<AppEnv>) => takeCall(c, connector)),
    )
    app.post(`${connector.door.path}/*`, describe({ ...spec, id: `${spec.id}-named`, summary }, handler))
  }
  return app
}

function toOperation(connector: WebhookConnector): Operation {
  return {
    id: `webhook-${connector.id}`,
    summary: connector.summary,
    tag: 'Webhooks',
    permission: 'webhook',
    query: z.object({ tenantId: z.string().optional() }),
    json: z.unknown().meta({ examples: connector.examples.map(({ body }) => body) }),
    consumes: connector.contentTypes,
    response: answerSchema,
    errors: ['unauthenticated', 'payload_malformed', 'payload_too_large', 'quota_exceeded', 'migrations_pending'],
  }
}

/** What is kept of a call holds no credential, wherever its sender put one. */
const credential = /secret|token|password|key/i

async function takeCall(c: Context<AppEnv>, connector: WebhookConnector): Promise<Response> {
  const bytes = await readBody(c, connector.maxBytes)
  const now = Date.now()
  // Of two of one name the last counts: ChirpStack adds its own `event` to whatever the URL has.
  const { tenantId: _, ...rest } = Object.fromEntries(new URL(c.req.url).searchParams)
  const tenantId = c.req.query('tenantId')
  const query = Object.fromEntries(Object.entries(rest).filter(([name]) => !credential.test(name)))
  const behind = c.req.path.slice(connector.door.path.length).split('/')
  const call: WebhookCall = {
    id: newCommandId(now),
    connector: connector.id,
    receivedAt: now,
    request: {
      contentType: c.req.header('content-type')?.slice(0, 200) ?? 'application/json',
      query,
      segments: behind.filter((part) => part !== '').map(decodeSegment),
      ...idempotencyKey(c),
    },
    bytes,
  }
  const address = c.req.header('cf-connecting-ip') ?? 'local'
  const ctx = {
    world: c.var.world,
    pipeline: pipelineContext(c),
    globalSecret: c.env.INTEGRATION_WEBHOOK_SECRET,
    now,
    background: (work: Promise<unknown>) => c.executionCtx.waitUntil(work),
  }
  const credentials = { tenantId, hashes: secretsOf(c).map(sha256), address }
  try {
    const target = connector.readTarget?.((name) => c.req.header(name))
    const answer = await answerWebhook({ ctx, input: { call, credentials, target } })
    return c.json(answer satisfies WebhookAnswer, answer.parked ? 202 : 200)
  } catch (error) {
    // Guessing is counted against the address; a known secret is never held back by its neighbours.
    if (error instanceof AppError && error.code === 'unauthenticated') {
      await countUnknownToken(c.env.UNKNOWN_TOKEN_RATE, address)
    }
    throw error
  }
}

function idempotencyKey(c: Context<AppEnv>): { idempotencyKey?: string } {
  const key = c.req.header('idempotency-key')
  return key === undefined || key === '' || key.length > limits.idempotencyKeyLength ? {} : { idempotencyKey: key }
}

/** As it is sent by servers that let their users set a header, a token, or a user name and password. */
function secretsOf(c: Context<AppEnv>): string[] {
  const authorization = c.req.header('authorization') ?? ''
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
  return [c.req.header('x-webhook-secret')?.trim(), bearer, basicPassword(authorization)].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  )
}

function basicPassword(authorization: string): string | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1]
  const bytes = encoded === undefined ? undefined : fromBase64(encoded)
  const pair = bytes && new TextDecoder().decode(bytes)
  return pair?.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
