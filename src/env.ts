/** Secrets and variables that wrangler.toml does not list, because they are optional. */
declare global {
  interface Env {
    /** Makes tenants. Without it no tenant can be made. */
    readonly SETUP_TOKEN?: string
    /** The operators' own webhook secret, for every tenant. */
    readonly INTEGRATION_WEBHOOK_SECRET?: string
  }
}

/** The origin that devices are told to use. */
export function publicBaseUrl(env: Env, requestUrl: string): string {
  const configured = env.PUBLIC_API_BASE_URL.trim().replace(/\/+$/, '')
  return configured === '' ? new URL(requestUrl).origin : configured
}
