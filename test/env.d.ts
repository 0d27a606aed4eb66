import type { D1Migration } from '@cloudflare/vitest-pool-workers'

declare global {
  namespace Cloudflare {
    interface Env {
      readonly TEST_MIGRATIONS: Readonly<Record<'DB' | 'TELEMETRY_0', D1Migration[]>>
      readonly SETUP_TOKEN: string
    }
  }
}
