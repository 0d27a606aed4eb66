import type { DevEui } from './ids.ts'

/** Where The Things Stack takes downlinks of one device, as the headers of its webhooks say. */
export interface DownlinkTarget {
  readonly push: string
  readonly replace: string
  readonly key: string
}

export type SealedTarget = Omit<DownlinkTarget, 'key'> & {
  /** Sealed; null: no secret to seal it with was set. */
  readonly key: string | null
}

/** The LoRaWAN network server that leads to a device: the one it was last heard by. */
export type NetworkRoute =
  | { readonly server: 'ttn'; readonly target?: SealedTarget }
  | { readonly server: 'chirpstack'; readonly devEui: DevEui }

/** What a network server says of a downlink that it was given. */
export interface DownlinkNews {
  /** Its names for the downlink: correlation ids, or the id in its queue. */
  readonly marks: readonly string[]
  readonly became: 'queued' | 'sent' | 'delivered' | 'failed' | 'expired'
  readonly at: number
  /** Of what failed, as a word of ours. */
  readonly reason?: string
  readonly detail: string
}
