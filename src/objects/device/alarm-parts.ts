import { withDeadline } from '../../domain/deadline.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { Platform } from '../../services/ports.ts'
import { loadDeviceRules } from '../../store/alarm-rules.ts'
import { saveAlarmChanges } from '../../store/alarms.ts'
import { lastSeenOf } from '../../store/device-state.ts'
import type { Registry } from '../../store/registry.ts'
import type { TelemetryStore } from '../../store/telemetry-store.ts'
import { AlarmDesk, type AlarmPorts } from './alarm-desk.ts'
import { AlarmStore } from './alarm-store.ts'
import type { AttributeBook } from './attribute-book.ts'
import type { DeviceStorage } from './storage.ts'

interface Around extends Pick<AlarmPorts, 'changed' | 'arm' | 'background'> {
  readonly storage: DeviceStorage
  readonly registry: Registry
  readonly telemetry: () => TelemetryStore
  readonly platform: Platform
  readonly attributes: AttributeBook
}

export function furnishAlarms({ storage, registry, telemetry, platform, attributes, ...ports }: Around): AlarmDesk {
  const within = <T>(work: Promise<T>) => withDeadline(work, limits.d1TimeoutMs)
  const lastHeard = async ({ tenantId }: DeviceIdentity, gateway: DeviceId) => {
    const [{ lastSeen }, saved] = await Promise.all([
      withDeadline(platform.device(gateway).presence(), limits.tellMs),
      within(lastSeenOf(telemetry().all, tenantId, Date.now(), [gateway])),
    ])
    return Math.max(lastSeen ?? 0, saved.get(gateway) ?? 0)
  }
  const desk = new AlarmDesk(new AlarmStore(storage), {
    ...ports,
    loadRules: ({ tenantId, deviceId }) => within(loadDeviceRules(registry, tenantId, deviceId)),
    attributes: (device) => attributes.read(device, ['shared', 'client', 'server']),
    async isCovered(device, since) {
      try {
        return (await lastHeard(device, device.parentGatewayId as DeviceId)) < since
      } catch (error) {
        log('warn', 'gateway_not_asked', { device_id: device.deviceId, error })
        return true // it is asked again
      }
    },
    save: ({ tenantId, deviceId }, changes) => within(saveAlarmChanges(registry, tenantId, deviceId, changes)),
    now: () => Date.now(),
    newId: () => crypto.randomUUID(),
  })
  desk.woke()
  return desk
}
