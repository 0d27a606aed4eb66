import type { Connector } from '../../connectors/connector.ts'
import { connectors } from '../../connectors/index.ts'
import type { WebhookSettings } from '../../domain/report.ts'
import { findTenant } from '../../store/tenants.ts'
import { countInbox } from '../../store/webhook-inbox.ts'
import { findWebhookSecret } from '../../store/webhook-secrets.ts'
import type { ServiceContext } from '../context.ts'
import { readDownlinkSettings } from '../downlinks/downlink-settings.ts'
import { canSeal } from '../downlinks/seal.ts'
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
  readonly downlinks: {
    /** Whether keys of network servers can be kept: SEALING_SECRET is set. */
    readonly canKeepKeys: boolean
    /** The REST API of ChirpStack. */
    readonly chirpstack: { readonly apiUrl: string; readonly lastFour: string; readonly setAt: number } | null
  }
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
  const json = tenant?.settings ?? '{}'
  const { chirpstack } = readDownlinkSettings(json)
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
    settings: readWebhookSettings(json),
    downlinks: {
      canKeepKeys: canSeal(ctx.sealingSecret),
      chirpstack: chirpstack
        ? { apiUrl: chirpstack.apiUrl, lastFour: chirpstack.lastFour, setAt: chirpstack.setAt }
        : null,
    },
    inboxed,
  }
}

function urlsOf(baseUrl: string, tenantId: string): WebhooksView['webhooks'] {
  return (connectors as readonly Connector[])
    .filter(({ speaker }) => speaker === 'tenant_secret')
    .map(({ id, title, door }) => ({ connector: id, title, url: `${baseUrl}${door.path}?tenantId=${tenantId}` }))
}
