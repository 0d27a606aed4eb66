import type { Change, ServiceContext, World } from '../services/context.ts'

/** What Hono carries through a request. */
export interface AppEnv {
  Bindings: Env
  Variables: {
    requestId: string
    world: World
    /** Set by `operation` once the caller is known. */
    ctx: ServiceContext
    /** What the verb said of its change. */
    change: Change | undefined
  }
}
