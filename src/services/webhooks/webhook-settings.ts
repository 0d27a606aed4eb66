import * as z from 'zod'
import { defaultWebhookSettings, unknownDevicePolicies, type WebhookSettings } from '../../domain/report.ts'

export const webhookSettingsSchema = z.object({
  unknownDevices: z.enum(unknownDevicePolicies),
  radioFacts: z.boolean(),
  ttnPayload: z.enum(['decoded', 'normalized']),
})

const stored = z.object({ webhooks: webhookSettingsSchema.partial().catch({}).optional() })

/** Of a tenant's settings as they are stored; what is missing or was never valid is as by default. */
export function readWebhookSettings(json: string): WebhookSettings {
  const read = stored.safeParse(JSON.parse(json))
  const own = Object.entries(read.data?.webhooks ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaultWebhookSettings, ...Object.fromEntries(own) }
}
