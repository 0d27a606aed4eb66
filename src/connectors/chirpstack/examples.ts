import type { WebhookExample } from '../connector.ts'

const deviceInfo = {
  tenantId: '52f14cd4-c6f1-4fbd-8f87-4025e1d49242',
  applicationId: '17c82e96-be03-4f38-aef3-f83d48582d97',
  applicationName: 'Greenhouses',
  deviceProfileName: 'Soil probe',
  deviceName: 'Probe 1',
  devEui: '0102030405060708',
} as const

export const chirpstackExamples = [
  {
    title: 'An uplink that ChirpStack decoded (?event=up)',
    query: { event: 'up' },
    body: {
      deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
      time: '2024-04-07T10:40:00.125+00:00',
      deviceInfo,
      devAddr: '00189440',
      dr: 5,
      fCnt: 42,
      fPort: 2,
      data: 'AQID',
      object: { temperature: 24.5, soil: { moisture: 31 }, door_open: false },
      rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: -57, snr: 9.5 }],
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
          lora_dr: 5,
          lora_gateway: '0016c001f153a14c',
          temperature: 24.5,
          'soil.moisture': 31,
          door_open: false,
        },
      },
    ],
  },
  {
    title: 'A device status (?event=status)',
    query: { event: 'status' },
    body: {
      deduplicationId: 'bf2a9746-1c8b-49be-a92e-f0b89c8534e4',
      time: '2024-04-07T10:41:00+00:00',
      deviceInfo,
      margin: 10,
      batteryLevel: 88.3,
    },
    uplinks: [{ index: 0, ts: 1_712_486_460_000, values: { margin: 10, battery: 88.3 } }],
  },
] as const satisfies readonly WebhookExample[]
