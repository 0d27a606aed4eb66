/** Bytes to a plain value, bounded. A codec knows nothing of devices. */
export interface Codec {
  readonly contentTypes: readonly string[]
  /** @throws AppError payload_malformed with where and why; validation_rejected for what telemetry cannot hold. */
  decode(bytes: Uint8Array): unknown
}
