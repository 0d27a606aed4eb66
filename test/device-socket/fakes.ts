import type { ServerFrame, TelemetryFrame } from '../../src/device-socket/frames.ts'
import type { SessionPorts } from '../../src/device-socket/ports.ts'
import { DeviceSession } from '../../src/device-socket/session.ts'

/** A socket that remembers, and ports that do as they are told. */
export function openSession(overrides: Partial<SessionPorts> = {}) {
  const sent: ServerFrame[] = []
  const closes: { code: number; reason: string }[] = []
  const runs: TelemetryFrame[][] = []
  const refusals: { code: string; raw: string | ArrayBuffer }[] = []
  const ports: SessionPorts = {
    telemetry: async (frames) => {
      runs.push([...frames])
      return frames.map(() => ({ accepted: 1 }))
    },
    saveClientAttributes: async () => {},
    attributes: async () => ({ volume: 5 }),
    answerCommand: async () => true,
    async heard() {},
    isOwnToken: (token) => token === 'own',
    refused: async ({ code }, raw) => {
      refusals.push({ code, raw })
    },
    ...overrides,
  }
  const session = new DeviceSession(ports, {
    send: (frame) => {
      sent.push(frame)
    },
    close: (code, reason) => {
      closes.push({ code, reason })
    },
  })
  const say = (frame: object) => session.receive(JSON.stringify(frame))
  return { session, say, sent, closes, runs, refusals }
}

export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}
