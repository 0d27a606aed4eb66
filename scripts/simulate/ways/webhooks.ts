import { postUntil } from '../post.ts'
import type { Outcome, SimDevice, SimReading, Way } from '../way.ts'

/** What every webhook answers. */
interface Answer {
  readonly accepted?: number
  readonly parked?: true
  readonly code?: string
}

/** A server that speaks for all devices, by the tenant's secret: `toBody` writes an uplink as it would. */
function webhook(
  id: string,
  query: string,
  toBody: (device: SimDevice, reading: SimReading, count: number) => unknown,
): Way {
  return {
    id,
    perMessage: 1,
    speaksForTenant: true,
    async open(baseUrl, { tenantId, webhookSecret = '' }) {
      const url = `${baseUrl}/api/v1/integrations/${id}/telemetry?tenantId=${tenantId}${query}`
      let count = 0
      return {
        async send(device, readings, deadline) {
          const body = JSON.stringify(toBody(device, readings[0] as SimReading, count++))
          const headers = { 'x-webhook-secret': webhookSecret }
          return toOutcome(readings, await postUntil<Answer>(url, 'application/json', body, deadline, headers))
        },
        async close() {},
      }
    },
  }
}

/** What is parked is kept durably: it counts as acknowledged. What is inboxed was read and is no reading. */
function toOutcome(readings: readonly SimReading[], result: Awaited<ReturnType<typeof postUntil<Answer>>>): Outcome {
  const { answer, retries, latency } = result
  if (!answer) return { accepted: [], rejected: [], retries, latency }
  const { accepted, parked, code } = answer.body
  if (accepted === 1 || parked) return { accepted: readings, rejected: [], retries, latency }
  const rejected = readings.map((reading) => ({ reading, code: code ?? 'inboxed' }))
  return { accepted: [], rejected, retries, latency }
}

export const generic = webhook('generic', '', ({ id }, { ts, values }) => ({
  externalDeviceId: id,
  ts,
  telemetry: values,
}))

export const chirpstack = webhook('chirpstack', '&event=up', ({ name, devEui }, { ts, values }, count) => ({
  deduplicationId: crypto.randomUUID(),
  time: new Date(ts).toISOString(),
  deviceInfo: { deviceName: name, deviceProfileName: 'simulated', devEui },
  devAddr: devEui.slice(-8),
  dr: 5,
  fCnt: count,
  fPort: 1,
  data: 'AA==',
  object: values,
  rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: -57, snr: 9.5 }],
}))

export const ttn = webhook('ttn', '', ({ name, devEui }, { ts, values }, count) => ({
  end_device_ids: {
    device_id: name,
    application_ids: { application_id: 'simulated' },
    dev_eui: devEui.toUpperCase(),
    dev_addr: devEui.slice(-8),
  },
  correlation_ids: [`gs:uplink:${crypto.randomUUID()}`],
  received_at: new Date(ts).toISOString(),
  uplink_message: {
    f_port: 1,
    f_cnt: count,
    frm_payload: 'AA==',
    decoded_payload: values,
    rx_metadata: [{ gateway_ids: { gateway_id: 'simulated' }, rssi: -57, snr: 9.5 }],
    settings: { data_rate: { lora: { bandwidth: 125_000, spreading_factor: 7 } } },
    received_at: new Date(ts).toISOString(),
  },
}))
