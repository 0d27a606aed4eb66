/** Bytes to a plain value, bounded. A codec knows nothing of devices. */
export interface Codec {
  readonly contentTypes: readonly string[]
  /**
   * What telemetry cannot hold becomes a symbol whose description says what it is: it spoils its own item only.
   * @throws AppError payload_malformed with where and why; validation_rejected (too_deep).
   */
  decode(bytes: Uint8Array): unknown
}
