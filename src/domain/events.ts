/** What a device's event list shows besides plain readings. Kinds are public and stable. */
export const eventKinds = [
  'uplink_rejected',
  'clock_corrected',
  'connected',
  'disconnected',
  'command',
  'attributes_pushed',
  'lora_join',
  'lora_downlink',
  'lora_log',
] as const
export type EventKind = (typeof eventKinds)[number]

export interface NewDeviceEvent {
  readonly kind: EventKind
  readonly at: number
  /** The way in, by its connector id. */
  readonly connector: string
  readonly code?: string
  readonly reason?: string
  readonly detail: string
  /** The bytes as they came, base64, cut to `limits.eventRawBytes`. */
  readonly raw?: string
  readonly rawSize?: number
  readonly contentType?: string
  /** The sender's own id of it: among the events that are kept, the same again is the same. */
  readonly mark?: string
}

export interface DeviceEvent extends NewDeviceEvent {
  readonly id: number
}
