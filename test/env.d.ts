import type { D1Migration } from '@cloudflare/vitest-pool-workers'

declare global {
  namespace Cloudflare {
    interface Env {
      readonly SETUP_TOKEN: string
      /** By binding, from vitest.config.ts. */
      readonly TEST_MIGRATIONS: Readonly<Record<string, D1Migration[]>>
    }
  }
}
