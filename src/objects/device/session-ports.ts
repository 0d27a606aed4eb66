import { websocket } from '../../connectors/websocket.ts'
import type { SessionPorts, TelemetryTaken } from '../../device-socket/ports.ts'
import { type AttributeScope, readAttributeChanges } from '../../domain/attribute.ts'
import { isTooDeep } from '../../domain/command.ts'
import { AppError, type Fault, fromFault, toFault } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import { log } from '../../log.ts'
import { childOrSelf } from '../../pipeline/authorise.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { wholeFault } from '../../pipeline/ingest.ts'
import { receiveAll, refuse } from '../../pipeline/receive.ts'
import { toAppError } from '../../services/to-app-error.ts'

export interface PortsHost {
  readonly pipeline: PipelineContext
  heard(device: DeviceIdentity): void
  /** One frame that is no telemetry, against the limit of this name. @throws AppError quota_exceeded */
  count(device: DeviceIdentity, limit: string): Promise<void>
  isTokenOf(token: string, device: DeviceIdentity): Promise<boolean>
}

/** What a session of the device's socket asks of the house, with the rights the device has by then. */
export function createSessionPorts(host: PortsHost, speaker: () => Promise<DeviceIdentity>): SessionPorts {
  const { pipeline } = host
  const { platform } = pipeline

  async function subject(limit: string, childDeviceId?: string): Promise<DeviceIdentity> {
    const device = await speaker()
    await host.count(device, limit)
    return childOrSelf(pipeline, device, childDeviceId)
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
      const device = await subject('attribute_writes_per_minute', childDeviceId)
      const changed = readAttributeChanges(changes)
      const fault = await platform.device(device.deviceId).saveAttributes(device, 'client', changed, 'device')
      if (fault) throw fromFault(fault)
    },
    async attributes(scope: AttributeScope, keys, childDeviceId) {
      const device = await subject('attribute_polls_per_minute', childDeviceId)
      const asked = keys && new Set(keys)
      const values = emptyRecord<unknown>()
      for (const { key, value } of await platform.device(device.deviceId).attributes(device, [scope], 'device')) {
        if (!asked || asked.has(key)) values[key] = value
      }
      return values
    },
    async answerCommand({ childDeviceId, ...answer }) {
      const device = await subject('command_answers_per_minute', childDeviceId)
      if (isTooDeep(answer.body, limits.codecDepth)) {
        throw new AppError('validation_rejected', { reason: 'too_deep', detail: 'The answer is nested too deeply.' })
      }
      return platform.device(device.deviceId).answerCommand(device, { ...answer, at: Date.now() })
    },
    heard: async () => host.heard(await subject('pings_per_minute')),
    isOwnToken: async (token) => host.isTokenOf(token, await subject('auth_frames_per_minute')),
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
