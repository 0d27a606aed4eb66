import { websocket } from '../../connectors/websocket.ts'
import type { SessionPorts, TelemetryTaken } from '../../device-socket/ports.ts'
import { type AttributeScope, readAttributeChanges } from '../../domain/attribute.ts'
import { isTooDeep } from '../../domain/command.ts'
import { AppError, type Fault, fromFault, toFault } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import { log } from '../../log.ts'
import { findChild } from '../../pipeline/authorise.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { wholeFault } from '../../pipeline/ingest.ts'
import { receiveAll, refuse } from '../../pipeline/receive.ts'
import { toAppError } from '../../services/to-app-error.ts'

export interface PortsHost {
  readonly pipeline: PipelineContext
  heard(device: DeviceIdentity): void
  isTokenOf(token: string, device: DeviceIdentity): Promise<boolean>
}

/** What a session of the device's socket asks of the house, with the rights the device has by then. */
export function createSessionPorts(host: PortsHost, speaker: () => Promise<DeviceIdentity>): SessionPorts {
  const { pipeline } = host
  const { platform } = pipeline

  async function subject(childDeviceId: string | undefined): Promise<DeviceIdentity> {
    const device = await speaker()
    if (childDeviceId === undefined) return device
    const child = await findChild(pipeline, device, childDeviceId)
    if (child) return child
    throw new AppError('child_not_found', { detail: 'This device has no child with this childDeviceId.' })
  }

  return guarded({
    async telemetry(frames) {
      const device = await speaker()
      const receivedAt = Date.now()
      const principal = { kind: 'device', device } as const
      const raws = frames.map(({ id, raw, ...value }) => ({
        principal,
        body: { value },
        receivedAt,
        ...(id !== undefined && { repeatMark: `ws:${id}` }),
      }))
      const outcomes = await receiveAll(pipeline, websocket, device, raws)
      return outcomes.map((outcome): TelemetryTaken | Fault => {
        if (outcome instanceof AppError) return toFault(outcome)
        const fault = wholeFault(outcome)
        return fault ? toFault(fault) : { accepted: outcome.accepted.length, rejected: outcome.rejected }
      })
    },
    async saveClientAttributes(changes, childDeviceId) {
      const device = await subject(childDeviceId)
      const changed = readAttributeChanges(changes)
      const fault = await platform.device(device.deviceId).saveAttributes(device, 'client', changed, 'device')
      if (fault) throw fromFault(fault)
    },
    async attributes(scope: AttributeScope, keys) {
      const device = await speaker()
      const values = emptyRecord<unknown>()
      for (const { key, value } of await platform.device(device.deviceId).attributes(device, [scope], 'device')) {
        if (!keys || keys.includes(key)) values[key] = value
      }
      return values
    },
    async answerCommand({ childDeviceId, ...answer }) {
      const device = await subject(childDeviceId)
      if (isTooDeep(answer.body, limits.codecDepth)) {
        throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The answer is nested too deeply.' })
      }
      return platform.device(device.deviceId).answerCommand(device, { ...answer, at: Date.now() })
    },
    heard: async () => host.heard(await speaker()),
    isOwnToken: async (token) => host.isTokenOf(token, await speaker()),
    async refused(error, raw) {
      const device = await speaker()
      const bytes = typeof raw === 'string' ? new TextEncoder().encode(raw) : new Uint8Array(raw)
      const body = { bytes, contentType: 'application/json' }
      const uplink = { principal: { kind: 'device', device }, body, receivedAt: Date.now() } as const
      await refuse(pipeline, websocket, device, uplink, error)
    },
  })
}

/** The one place where what nobody foresaw becomes an answer on a socket: it is logged here, once. */
function guarded(ports: SessionPorts): SessionPorts {
  const entries = Object.entries(ports).map(([name, port]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (port as (...args: unknown[]) => unknown)(...args)
      } catch (thrown) {
        const error = toAppError(thrown)
        if (error.code === 'internal') log('error', 'frame_failed', { port: name, cause: error.cause })
        throw error
      }
    },
  ])
  return Object.fromEntries(entries) as unknown as SessionPorts
}
