/**
 * queued → sent → delivered → succeeded | failed | expired | cancelled. `sent`: handed to an open way;
 * `delivered`: the device itself said so. Never one for the other.
 */
export const commandStates = ['queued', 'sent', 'delivered', 'succeeded', 'failed', 'expired', 'cancelled'] as const
export type CommandState = (typeof commandStates)[number]

/** Why a command came to nothing, where the device did not say so itself. Codes are public and stable. */
export const commandFailures = {
  device_offline: 'The device is offline.',
  device_timeout: 'The device did not answer in time.',
  network_unreachable: 'The network server of the device does not answer.',
  downlink_invalid: 'The params make no downlink.',
  downlink_not_set_up: 'No way down is set up at the network server of the device.',
  downlink_host_refused: 'The network server of the device is not one that may be called.',
  downlink_refused: 'The network server did not take the command.',
  downlink_replaced: 'A later command took its place.',
  downlink_nacked: 'The device did not acknowledge it.',
  downlink_invalidated: 'The network server dropped it when the device began a new session.',
  downlink_expired: 'The network server gave it up when its time was over.',
  downlink_failed: 'The network server failed to send it.',
} as const
export type CommandFailure = keyof typeof commandFailures

export interface Command {
  readonly id: string
  /** The sender's, else the id; the device's answer names it. */
  readonly requestId: string
  readonly method: string
  readonly params: unknown
  /** An answer is expected. */
  readonly twoWay: boolean
  /** Waits, in order, for a device that is offline. */
  readonly persistent: boolean
  /** How long the device has for its answer once the command was sent. */
  readonly timeoutMs: number
  readonly createdAt: number
  /** Epoch ms: after it the command is never sent any more. */
  readonly expiresAt: number
  readonly createdBy?: string
}

/** A command on its way to the device, as every way out carries it. */
export interface CommandRequest {
  readonly requestId: string
  readonly method: string
  readonly params: unknown
  /** How often it was sent before: above 0 the device may have seen it. */
  readonly attempt: number
}

/** What the device said of it. `success: false` in the body means failed. */
export interface CommandAnswer {
  readonly requestId: string
  readonly body: unknown
  readonly at: number
}

export interface CommandStatus {
  readonly id: string
  readonly requestId: string
  readonly state: CommandState
  readonly transport?: string
  readonly result?: unknown
  readonly sentAt?: number
  readonly deliveredAt?: number
  readonly finishedAt?: number
}

/** JSON that recursion could not walk: nothing that crosses to a device's object may be so. */
export function isTooDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((part) => isTooDeep(part, depth - 1))
}
