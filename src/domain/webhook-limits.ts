/** Those of `limits` that webhooks and LoRaWAN devices need, with their reasons. */
export const webhookLimits = {
  /** webhook: a network server sends once and waits 5 s; D1 that has not answered by then is not waited for. */
  webhookPatienceMs: 700,
  /** Secrets and settings of a tenant in an isolate's memory: a revoked secret lives no longer than 30 s. */
  webhookCacheMs: 25_000,
  webhookCacheEntries: 2_000,
  /** A rotated secret is taken beside the new one. */
  webhookSecretOverlapMs: 24 * 3_600_000,
  /** The operators' own secret: shorter ones are guessed. */
  globalSecretLength: 32,
  /** A use of a secret is noted no oftener than this. */
  secretUsedMs: 60_000,
  /** Fields of a payload decoder, and the bytes they look at in all. */
  decoderFields: 128,
  decoderSteps: 4_096,

  /** Frames of a LoRa device whose counts are kept, how much later than the newest one may come, and a gap that is none. */
  framesKept: 256,
  framesLate: 64,
  framesLeap: 16_384,
  /** Of so many frames one came as an uplink of its own: then the next ones will, and their normalized copies are copies. */
  framesForCopies: 8,

  /** webhook inbox: so long, so many a tenant; the oldest goes first. */
  inboxMs: 7 * 24 * 3_600_000,
  inboxEntries: 1_000,
  /** One bulk replay or approval: each entry is a whole call. */
  inboxBulk: 50,

  /** Bodies that a lane keeps while D1 is away, and those of callers whose secret could not be checked. */
  parkedBodies: 20_000,
  parkedBytes: 256 * 1024 * 1024,
  parkedUnverifiedBodies: 1_000,
  parkedUnverifiedBytes: 16 * 1024 * 1024,
  /** Between two attempts to drain them, and how many are under way at once. */
  parkedRetryFirstMs: 1_000,
  parkedRetryMaxMs: 30_000,
  parkedAtOnce: 20,
  /** One alarm drains so many, then rings again. */
  parkedPerAlarm: 200,

  /** downlink: what LoRaWAN carries at its best data rate (RP002, N without repeater). */
  downlinkBytes: 242,
  /** Servers outside that a tenant lets us call, and what a key or an address of one may be long. */
  downlinkHosts: 20,
  outgoingUrlLength: 1_024,
  /** A call of ours: a network server that does not answer holds up the device's other commands no longer. */
  outgoingMs: 5_000,
  outgoingAnswerBytes: 16 * 1024,
  /** A network server that did not take a command is asked again after so long, or as long as it says, up to … */
  networkRetryMs: 30_000,
  networkRetryMaxMs: 10 * 60_000,
  /** The operators' secret under which keys are sealed: shorter ones are guessed. */
  sealingSecretLength: 32,
} as const
