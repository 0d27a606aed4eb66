import type { WebhookExample } from './connector.ts'

const deviceToken = '{deviceToken}'
const externalDeviceId = '{deviceId}'

export const genericExamples = [
  {
    title: 'Named by its token, values flat',
    body: { deviceToken, ts: 1_712_486_400_000, temperature: 24.5, humidity: 61 },
    uplinks: [{ index: 0, ts: 1_712_486_400_000, values: { temperature: 24.5, humidity: 61 } }],
  },
  {
    title: 'Named by its id, values under telemetry',
    body: { externalDeviceId, telemetry: { temperature: 24.6 }, timestamp: 1_712_486_460_000 },
    uplinks: [{ index: 0, ts: 1_712_486_460_000, values: { temperature: 24.6 } }],
  },
  {
    title: 'Several at once',
    body: [
      { externalDeviceId, ts: 1_712_486_520_000, temperature: 24.7 },
      { deviceToken, ts: 1_712_486_580_000, state: 'idle', door_open: true },
    ],
    uplinks: [
      { index: 0, ts: 1_712_486_520_000, values: { temperature: 24.7 } },
      { index: 1, ts: 1_712_486_580_000, values: { state: 'idle', door_open: true } },
    ],
  },
] as const satisfies readonly WebhookExample[]
