import type { Connector } from '../../connectors/connector.ts'
import { connectors } from '../../connectors/index.ts'
import type { WebhookSettings } from '../../domain/report.ts'
import { findTenant } from '../../store/tenants.ts'
import { countInbox } from '../../store/webhook-inbox.ts'
import { findWebhookSecret } from '../../store/webhook-secrets.ts'
import type { ServiceContext } from '../context.ts'
import { translatingMissing } from './rotate-secret.ts'
import { readWebhookSettings } from './webhook-settings.ts'

export interface WebhooksView {
  readonly webhooks: readonly { readonly connector: string; readonly title: string; readonly url: string }[]
  readonly secret: {
    readonly lastFour: string
    readonly createdAt: number
    readonly lastUsedAt: number | null
    /** Until then the secret before it is taken too. */
    readonly previousExpiresAt: number | null
  } | null
  readonly settings: WebhookSettings
  /** Entries of the inbox that wait to be mended. */
  readonly inboxed: number
}

/** All that is set up at a network server, and how it is going. @throws AppError migrations_pending */
export async function getWebhooks({ ctx }: { readonly ctx: ServiceContext }): Promise<WebhooksView> {
  const { registry, tenantId, baseUrl, now } = ctx
  const [tenant, secret, inboxed] = await Promise.all([
    findTenant(registry, tenantId),
    translatingMissing(() => findWebhookSecret(registry, tenantId)),
    countInbox(registry, tenantId),
  ])
  const isLive = (secret?.previousExpiresAt ?? 0) > now && secret?.previousHash
  return {
    webhooks: urlsOf(baseUrl, tenantId),
    secret: secret
      ? {
          lastFour: secret.lastFour,
          createdAt: secret.createdAt,
          lastUsedAt: secret.lastUsedAt,
          previousExpiresAt: isLive ? secret.previousExpiresAt : null,
        }
      : null,
    settings: readWebhookSettings(tenant?.settings ?? '{}'),
    inboxed,
  }
}

function urlsOf(baseUrl: string, tenantId: string): WebhooksView['webhooks'] {
  return (connectors as readonly Connector[])
    .filter(({ speaker }) => speaker === 'tenant_secret')
    .map(({ id, title, door }) => ({ connector: id, title, url: `${baseUrl}${door.path}?tenantId=${tenantId}` }))
}
