import type { ConnectorExample } from './connector.ts'

/** What any native door takes; shown in the catalog and held to by the contract suite. */
export const nativeExamples = [
  {
    title: 'Values only',
    body: { temperature: 24.5, humidity: 61 },
    uplinks: [{ index: 0, values: { temperature: 24.5, humidity: 61 } }],
  },
  {
    title: 'With the time of the measurement (epoch ms)',
    body: {
      ts: 1_712_486_400_000,
      temperature: 24.5,
      door_open: false,
      state: 'idle',
    },
    uplinks: [
      {
        index: 0,
        ts: 1_712_486_400_000,
        values: { temperature: 24.5, door_open: false, state: 'idle' },
      },
    ],
  },
  {
    title: 'Nested objects become dotted keys',
    body: {
      telemetry: { gps: { lat: 12.97, lon: 77.59 }, cells: [3.31, 3.29] },
    },
    uplinks: [
      {
        index: 0,
        values: { 'gps.lat': 12.97, 'gps.lon': 77.59, cells: [3.31, 3.29] },
      },
    ],
  },
  {
    title: 'A gateway speaks for a child',
    body: {
      childDeviceId: '3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e',
      telemetry: { temperature: 24.5 },
    },
    uplinks: [
      {
        index: 0,
        childDeviceId: '3f2b8c1e-0a4d-4f6b-9c7e-5d1a2b3c4d5e',
        values: { temperature: 24.5 },
      },
    ],
  },
  {
    title: 'As ThingsBoard devices send it',
    body: [{ ts: 1_712_486_400_000, values: { temperature: 24.5 } }, { temperature: 24.6 }],
    uplinks: [
      { index: 0, ts: 1_712_486_400_000, values: { temperature: 24.5 } },
      { index: 1, values: { temperature: 24.6 } },
    ],
  },
] as const satisfies readonly ConnectorExample[]
