// The web app's own types of answers are what the routes' schemas give: a change of one fails here, in the type check.
import { describe, expectTypeOf, it } from 'vitest'
import type * as z from 'zod'
import type {
  deviceDetailSchema,
  devicePageSchema,
  eventSchema,
  importResultSchema,
  validateResultSchema,
} from '../../src/routes/device-schemas.ts'
import type { keysSchema, latestSchema, querySchema } from '../../src/routes/telemetry-schemas.ts'
import type { describeCatalog } from '../../src/services/catalog/describe-catalog.ts'
import type { CommandView } from '../../src/services/commands/command-view.ts'
import type { getMe } from '../../src/services/people/get-me.ts'
import type { WebhooksView } from '../../src/services/webhooks/get-webhooks.ts'
import type { InboxView } from '../../src/services/webhooks/inbox-view.ts'
import type * as t from '../../src/web/api/types.ts'

describe('the answers that pages read', () => {
  it('are those of the routes', () => {
    expectTypeOf<z.output<typeof deviceDetailSchema>>().toExtend<t.DeviceDetail>()
    expectTypeOf<z.output<typeof devicePageSchema>>().toExtend<t.DevicePage>()
    expectTypeOf<z.output<typeof eventSchema>>().toExtend<t.DeviceEvent>()
    expectTypeOf<z.output<typeof importResultSchema>>().toExtend<t.ImportResult>()
    expectTypeOf<z.output<typeof validateResultSchema>>().toExtend<t.ImportCheck>()
    expectTypeOf<z.output<typeof latestSchema>>().toExtend<t.Latest>()
    expectTypeOf<z.output<typeof querySchema>>().toExtend<t.SeriesAnswer>()
    expectTypeOf<z.output<typeof keysSchema>>().toExtend<readonly t.KeyInfo[]>()
    expectTypeOf<CommandView>().toExtend<t.CommandRecord>()
    expectTypeOf<ReturnType<typeof describeCatalog>>().toExtend<t.Catalog>()
    expectTypeOf<WebhooksView>().toExtend<t.Webhooks>()
    expectTypeOf<InboxView>().toExtend<t.InboxEntry>()
    expectTypeOf<Awaited<ReturnType<typeof getMe>>>().toExtend<{
      readonly personId: string
      readonly tenantId: string | null
      readonly permissions: readonly string[]
      readonly tenants: readonly { readonly tenantId: string; readonly name: string; readonly role: string }[]
    }>()
  })
})
