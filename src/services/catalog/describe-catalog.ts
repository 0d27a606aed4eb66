import type { Connector } from '../../connectors/connector.ts'
import { connectors } from '../../connectors/index.ts'
import { limits } from '../../domain/limits.ts'

const auth = {
  device_token: {
    type: 'device_token',
    description:
      'The device token in the path, or "me" there and the token as "Authorization: Bearer". As MQTT username.',
  },
  tenant_secret: {
    type: 'webhook_secret',
    description:
      'X-Webhook-Secret: {secret}, or Authorization: Bearer {secret}, or as password of Authorization: Basic.',
  },
} as const

/** Every way in, from the registry, with URLs that work from where the caller stands. */
export function describeCatalog({ baseUrl }: { readonly baseUrl: string }) {
  return {
    service: 'autoconnecto-edge',
    baseUrl,
    ...addressOf(baseUrl),
    limits: {
      bodyBytes: limits.bodyBytes,
      batchBytes: limits.batchBytes,
      batchItems: limits.batchItems,
      keysPerReading: limits.keysPerReading,
      keyLength: limits.keyLength,
      valueBytes: limits.valueBytes,
      depth: limits.depth,
    },
    transports: (connectors as readonly Connector[]).map((connector) => describeConnector(connector, baseUrl)),
  }
}

/** Apart, as clients of sockets ask for them. */
function addressOf(baseUrl: string) {
  const { protocol, hostname, port } = new URL(baseUrl)
  const tls = protocol === 'https:'
  return { host: hostname, port: Number(port) || (tls ? 443 : 80), tls }
}

function describeConnector(connector: Connector, baseUrl: string) {
  const { id, title, summary, door, speaker, contentTypes, maxBytes, examples } = connector
  const [example] = examples
  const base = door.kind === 'http' ? baseUrl : baseUrl.replace(/^http/, 'ws')
  return {
    id,
    title,
    summary,
    transport: door.kind,
    ...(door.kind === 'http' ? { method: door.method } : addressOf(baseUrl)),
    path: door.path,
    endpoint: `${base}${door.path}${speaker === 'tenant_secret' ? '?tenantId={tenantId}' : ''}`,
    ...(door.kind === 'websocket' && { message: door.message }),
    ...(door.kind === 'mqtt' && { topics: door.topics }),
    auth: auth[speaker],
    contentTypes,
    limits: { maxBytes },
    example: { contentType: contentTypes[0], body: example?.body },
    examples: examples.map(({ title, body }) => ({ title, body })),
  }
}
