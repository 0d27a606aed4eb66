import type { DeviceId } from '../domain/ids.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { Platform } from '../services/ports.ts'

/** What the road needs, from whichever door it is entered. */
export interface PipelineContext {
  readonly platform: Platform
  /** Children of this gateway among the ids; the others are absent. */
  findChildren(gateway: DeviceIdentity, ids: readonly DeviceId[]): Promise<ReadonlyMap<string, DeviceIdentity>>
  /**
   * Counts messages against the speaker's limit, and its children's. A backlog (all readings old) has its own.
   * @throws AppError quota_exceeded
   */
  limit(
    speaker: DeviceIdentity,
    children: readonly DeviceIdentity[],
    backlog: boolean,
    messages?: number,
  ): Promise<void>
}
