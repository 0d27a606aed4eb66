import * as z from 'zod'
import { readWebhookSettings } from '../webhooks/webhook-settings.ts'

/** A tenant's ChirpStack, as it is stored; the key is sealed. */
const chirpstackSchema = z.object({
  apiUrl: z.string(),
  key: z.string(),
  lastFour: z.string(),
  setAt: z.number(),
})

export type ChirpstackApi = z.output<typeof chirpstackSchema>

export interface DownlinkSettings {
  /** Hosts that may be called. */
  readonly hosts: readonly string[]
  readonly chirpstack: ChirpstackApi | undefined
}

const stored = z.object({ chirpstack: chirpstackSchema.optional().catch(undefined) })

export function readDownlinkSettings(json: string): DownlinkSettings {
  const { chirpstack } = stored.parse(JSON.parse(json))
  return { hosts: readWebhookSettings(json).downlinkHosts, chirpstack }
}
