import { withDeadline } from '../../domain/deadline.ts'
import { limits } from '../../domain/limits.ts'
import { resolveChildNames } from '../../services/devices/child-names.ts'
import { resolveChildren, resolveToken } from '../../services/devices/token-cache.ts'
import { countUnknownToken, countUplink } from '../../services/rate-gate.ts'
import { findIdentityByToken } from '../../store/device-identity.ts'
import { openRegistry } from '../../store/registry.ts'
import { createPlatform, spaceStub } from '../stubs.ts'
import type { ConnectionTable } from './connection-table.ts'
import { sharingLanes } from './lane-gate.ts'
import type { PortsHost } from './session-ports.ts'

/** What the connections of a broker share. */
export function createHost(env: Env, table: ConnectionTable, background: PortsHost['background']): PortsHost {
  const registry = openRegistry(env.DB)
  return {
    table,
    background,
    uplinks: {
      platform: sharingLanes(createPlatform(env)),
      findChildren: (gateway, ids) => resolveChildren({ registry }, gateway, ids, Date.now()),
      findChildrenByName: (gateway, names) => resolveChildNames({ registry }, gateway, names, Date.now()),
      limit: (...message) => countUplink(env, ...message),
    },
    space: ({ deviceId }) => spaceStub(env, deviceId),
    async findByToken(token, address) {
      const device = await resolveToken({ registry }, token, Date.now())
      if (!device) await countUnknownToken(env.UNKNOWN_TOKEN_RATE, address)
      return device
    },
    async lookUp({ deviceId }, token) {
      const found = await withDeadline(findIdentityByToken(registry, token), limits.d1TimeoutMs)
      return found?.deviceId === deviceId ? found : undefined
    },
    now: () => Date.now(),
  }
}
