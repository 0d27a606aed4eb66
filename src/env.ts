/** Secrets and variables that wrangler.toml does not list, because they are optional. */
declare global {
  interface Env {
    /** Makes tenants. Without it no tenant can be made. */
    readonly SETUP_TOKEN?: string
    /** The operators' own webhook secret, for every tenant. */
    readonly INTEGRATION_WEBHOOK_SECRET?: string
    /** Keys of network servers are sealed under it. Without it none can be kept, and LoRaWAN devices can be told nothing. */
    readonly SEALING_SECRET?: string
    /** "allowed": requests of ours may go to this machine, over http too. For tests. */
    readonly OUTGOING_LOOPBACK?: string
  }
}

/** The origin that devices are told to use. */
export function publicBaseUrl(env: Env, requestUrl: string): string {
  const configured = env.PUBLIC_API_BASE_URL.trim().replace(/\/+$/, '')
  return configured === '' ? new URL(requestUrl).origin : configured
}

/** With what requests of ours go out. */
export function outgoingPowers(env: Env): {
  readonly sealingSecret: string | undefined
  readonly allowsLoopback: boolean
} {
  return { sealingSecret: env.SEALING_SECRET, allowsLoopback: env.OUTGOING_LOOPBACK === 'allowed' }
}
