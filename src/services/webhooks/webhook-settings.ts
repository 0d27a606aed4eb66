import * as z from 'zod'
import { limits } from '../../domain/limits.ts'
import { defaultWebhookSettings, unknownDevicePolicies, type WebhookSettings } from '../../domain/report.ts'

/** As URLs write it: lower case, the port only where it is not 443. */
const host = z
  .string()
  .max(255)
  .transform((text) => text.trim().toLowerCase())
  .refine((text) => URL.canParse(`https://${text}/`) && new URL(`https://${text}/`).host === text, {
    error: 'A host, with its port where that is not 443.',
  })

export const webhookSettingsSchema = z.object({
  unknownDevices: z.enum(unknownDevicePolicies),
  radioFacts: z.boolean(),
  ttnPayload: z.enum(['decoded', 'normalized']),
  downlinkHosts: z.array(host).max(limits.downlinkHosts).readonly(),
})

const stored = z.object({ webhooks: webhookSettingsSchema.partial().catch({}).optional() })

/** Of a tenant's settings as they are stored; what is missing or was never valid is as by default. */
export function readWebhookSettings(json: string): WebhookSettings {
  const read = stored.safeParse(JSON.parse(json))
  const own = Object.entries(read.data?.webhooks ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaultWebhookSettings, ...Object.fromEntries(own) }
}
