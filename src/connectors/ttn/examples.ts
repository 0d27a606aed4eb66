import type { WebhookExample } from '../connector.ts'

const end_device_ids = {
  device_id: 'probe-1',
  application_ids: { application_id: 'greenhouses' },
  dev_eui: '0102030405060708',
  dev_addr: '00BCB929',
} as const

export const ttnExamples = [
  {
    title: 'An uplink that The Things Stack decoded',
    body: {
      end_device_ids,
      correlation_ids: ['gs:uplink:01HCDRPD9W9N0VFH82N5W21CCM'],
      received_at: '2024-04-07T10:40:00.325413417Z',
      uplink_message: {
        session_key_id: 'AXA50tHUGUucuzS/bCGMNw==',
        f_port: 2,
        f_cnt: 42,
        frm_payload: 'AQID',
        decoded_payload: { temperature: 24.5, soil: { moisture: 31 }, door_open: false },
        rx_metadata: [{ gateway_ids: { gateway_id: 'roof' }, rssi: -57, snr: 9.5 }],
        settings: { data_rate: { lora: { bandwidth: 125000, spreading_factor: 7 } }, frequency: '868300000' },
        received_at: '2024-04-07T10:40:00.125413417Z',
      },
    },
    uplinks: [
      {
        index: 0,
        ts: 1_712_486_400_125,
        values: {
          lora_rssi: -57,
          lora_snr: 9.5,
          lora_f_cnt: 42,
          lora_f_port: 2,
          lora_dr: 'SF7BW125',
          lora_gateway: 'roof',
          temperature: 24.5,
          'soil.moisture': 31,
          door_open: false,
        },
      },
    ],
  },
  {
    title: 'A place that a location service found',
    body: {
      end_device_ids,
      received_at: '2024-04-07T10:41:00Z',
      location_solved: { service: 'gls', location: { latitude: 37.97, longitude: 23.72, altitude: 10 } },
    },
    uplinks: [{ index: 0, ts: 1_712_486_460_000, values: { latitude: 37.97, longitude: 23.72, altitude: 10 } }],
  },
] as const satisfies readonly WebhookExample[]
