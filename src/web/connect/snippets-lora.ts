import type { Place } from './place.ts'
import type { Snippet } from './snippet.ts'

export const sampleDevEui = '0102030405060708'

export function webhookUrl({ baseUrl, tenantId }: Pick<Place, 'baseUrl' | 'tenantId'>, connector: string): string {
  return `${baseUrl}/api/v1/integrations/${connector}/telemetry?tenantId=${tenantId}`
}

/** What a network server would send: the secret comes from the environment, since it is shown only once. */
export function lora(place: Place): Snippet[] {
  const devEui = place.devEui || sampleDevEui
  const post = (connector: string, body: string) => `curl -X POST '${webhookUrl(place, connector)}' \\
  -H 'Content-Type: application/json' \\
  -H "X-Webhook-Secret: $WEBHOOK_SECRET" \\
  -d '${body}'`
  const note = 'What it would send, to try it. First: export WEBHOOK_SECRET=…'
  return [
    {
      way: 'lora',
      tool: 'sh',
      label: 'ChirpStack',
      note,
      code: post('chirpstack', `{"deviceInfo":{"devEui":"${devEui}"},"fPort":1,"object":{"temperature":25}}`),
    },
    {
      way: 'lora',
      tool: 'sh',
      label: 'The Things Stack',
      note,
      code: post(
        'ttn',
        `{"end_device_ids":{"dev_eui":"${devEui}"},"uplink_message":{"f_port":1,"decoded_payload":{"temperature":25}}}`,
      ),
    },
    {
      way: 'lora',
      tool: 'sh',
      label: 'Generic',
      note: 'For any other server. First: export WEBHOOK_SECRET=…',
      code: post('generic', `{"deviceToken":"${place.token}","telemetry":{"temperature":25}}`),
    },
    {
      way: 'lora',
      tool: 'powershell',
      label: 'Generic, Windows',
      note: "For any other server, in PowerShell. First: $env:WEBHOOK_SECRET = '…'",
      code: `Invoke-RestMethod -Method Post -Uri '${webhookUrl(place, 'generic')}' -ContentType 'application/json' -Headers @{ 'X-Webhook-Secret' = $env:WEBHOOK_SECRET } -Body '{"deviceToken":"${place.token}","telemetry":{"temperature":25}}'`,
    },
  ]
}
