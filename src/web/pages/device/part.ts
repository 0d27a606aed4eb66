import type { DeviceDetail } from '../../api/types.ts'
import type { Feed } from '../../live/use-feed.ts'

/** What every part of a device's page is given. */
export interface PartProps {
  readonly device: DeviceDetail
  readonly feed: Feed
  readonly onChanged: (device: DeviceDetail) => void
}
