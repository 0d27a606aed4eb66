/** Every number that bounds something, with its reason. Bytes, milliseconds and counts unless named. */
export const limits = {
  /** One HTTP body of one reading: far above any device's message, far below an isolate's 128 MB. */
  bodyBytes: 256 * 1024,
  /** A batch body or an import file. */
  batchBytes: 1024 * 1024,
  /** An `/api` document. */
  apiBytes: 256 * 1024,
  /** The published contract. */
  batchItems: 100,
  importRows: 1000,

  keysPerReading: 256,
  keyLength: 128,
  /** A string, or an array as JSON. */
  valueBytes: 4096,
  /** Nested objects become dotted keys up to here. */
  depth: 5,
  /** Walk bound for arrays and for anything that a codec returns. */
  codecDepth: 32,

  /** Readings before 2000 come from a clock that was never set. */
  earliestTs: Date.UTC(2000, 0, 1),
  /** A clock may be a time zone wrong, not more. */
  futureTsMs: 24 * 3_600_000,
  /** Older than this is a backlog and has its own allowance. */
  backlogAgeMs: 3_600_000,

  /** Isolates cache token → device; a rotated token lives no longer than 30 s. */
  tokenCacheMs: 25_000,
  tokenCacheEntries: 20_000,
  unknownTokenCacheMs: 10_000,
  unknownTokenCacheEntries: 2_000,

  /** A device's messages in an isolate are counted against the rate limit a hundred at a time: one unit is a hundred. */
  messagesPerRateUnit: 100,
  rateGateEntries: 20_000,

  /** Lanes per telemetry shard. D1 runs one query at a time: more lanes share the RPC work and fill fewer rows into each. */
  lanesPerShard: 2,
  /** Rows and bytes of one INSERT: D1 takes 2 MB a parameter and 30 s a query. */
  statementRows: 1000,
  statementBytes: 1024 * 1024,
  /** Under load a lane waits as long as its last write took, and no longer than this, for those it just answered. */
  gatherMs: 10,
  /** Unacknowledged bytes in one object; beyond it callers are told to wait. A waiting call itself counts too. */
  laneBacklogBytes: 8 * 1024 * 1024,
  waitingCallBytes: 1024,
  /** A failing write is retried this long before its callers are told `unavailable`. */
  writeRetryMs: 10_000,
  writeRetryFirstMs: 50,
  writeRetryMaxMs: 2_000,
  /** How long a repeat of a message without `ts` is recognised by its mark. */
  markWindowMs: 10 * 60_000,
  marksPerDevice: 2_000,
  devicesPerLane: 20_000,
  idempotencyMs: 24 * 3_600_000,
  /** Keys that are over are removed no oftener than this: each purge looks at all of a lane's keys. */
  idempotencyPurgeMs: 3_600_000,
  idempotencyKeyLength: 255,
  /** How far a lane's given times may run ahead of its clock before the lead is stored. */
  clockLeadMs: 1_000,
  /** Counts of limited tenants are shared between lanes this often, so a quota bites within a minute. */
  usageReportMs: 15_000,

  nameLength: 255,
  deviceTypeLength: 64,

  /** Presence: an inactive device is one that was silent this long, between a second and a year. */
  inactivityTimeoutMs: 10 * 60_000,
  inactivityTimeoutMinMs: 1_000,
  inactivityTimeoutMaxMs: 365 * 24 * 3_600_000,
  /** A state is saved this often while history shows that the device is there, else … */
  stateSaveMs: 3_600_000,
  /** … this often, or twice in its inactivity timeout. */
  stateSaveUnseenMs: 5 * 60_000,
  /** A cold object folds the readings of this long before the newest saved one, … */
  stateOverlapMs: 10 * 60_000,
  /** … and at most so many; a warm one saves its state with every half of it. */
  stateRebuildRows: 10_000,
  latestKeys: 1_024,
  latestBytes: 512 * 1024,

  /** Commands that wait or are unanswered, of one device, and those that are over and still known to a repeat. */
  commandsUnderWay: 100,
  commandsRemembered: 50,
  commandParamsBytes: 64 * 1024,
  /** What is kept of an answer. */
  commandResultBytes: 16 * 1024,
  /** Saved by one statement: D1 takes 2 MB a parameter, and JSON within JSON may double. */
  commandsPerSave: 10,
  commandTimeoutMs: 10_000,
  commandTimeoutMinMs: 500,
  commandTimeoutMaxMs: 10 * 60_000,
  /** A persistent command that stays unanswered is sent again after twice as long each time, up to this. */
  commandRetryMaxMs: 10 * 60_000,
  commandExpiryMs: 24 * 3_600_000,
  commandExpiryMaxMs: 30 * 24 * 3_600_000,
  /** A POST that waits for the device's answer waits no longer. */
  commandWaitMs: 60_000,
  commandSaveRetryMs: 30_000,
  /** An alarm that could not do its work rings again. */
  alarmRetryMs: 30_000,
  /** A gateway's object that does not answer holds up its child's commands no longer. */
  tellMs: 5_000,
  /** How many commands an answer to telemetry carries. */
  commandsAnswered: 10,
  longPollMs: 20_000,
  longPollMaxMs: 55_000,
  /** A device that long-polls is not away while it is between two polls. */
  pollGapMs: 5_000,

  attributesPerScope: 1_024,
  attributesPerMessage: 256,

  /** A device that reconnects leaves half-open sockets behind; a sixth one closes the oldest. */
  socketsPerDevice: 5,
  /** An open socket's rights are looked up again this often, besides when they are changed. */
  identityRecheckMs: 10 * 60_000,

  /** A live reader that was cut off may go on where it was for so long, over so many emits. */
  liveResumeMs: 10 * 60_000,
  liveRows: 256,
  liveRowBytes: 128 * 1024,
  liveSockets: 100,
  /** Sent to a live reader and not confirmed by it; beyond this it is dropped. It is asked this often. */
  liveUnreadBytes: 4 * 1024 * 1024,
  liveCheckBytes: 256 * 1024,
  liveHistory: 100,
  liveHistoryMost: 1_000,
  liveHistoryPage: 100,
  liveHistoryReads: 3,
  /** A feed older than this ends with what it is told next: the reader's rights are looked up when it comes again. */
  liveRightsMs: 15 * 60_000,

  eventsPerDevice: 100,
  eventRawBytes: 4_096,
  /** A wrong clock is told once in this time. */
  clockEventMs: 3_600_000,

  pageSize: 50,
  pageSizeMax: 500,
  /** Readings or points of one series in one answer, and points of an answer in all. */
  queryPoints: 10_000,
  answerPoints: 100_000,
  /** A read of history looks at no more than this many rows for each one that was asked for, and … */
  readFactor: 10,
  /** … at this many at least: a first look that finds most. */
  readFloor: 1_000,
  /** Bytes of readings that are held at once while history is walked. */
  readChunkBytes: 4 * 1024 * 1024,
  /** Of an answer's readings as JSON: an isolate has 128 MB for all its requests. */
  answerBytes: 16 * 1024 * 1024,
  /** An aggregation looks at so many readings; a statement at fewer, since writers wait behind it (50,000: 0.1 s). */
  aggregateRows: 1_000_000,
  aggregateRoundRows: 50_000,
  /** Devices read in one round trip. */
  aggregateBatch: 10,
  /** Devices of one shard whose saved states tell a tenant's keys. */
  keysFromDevices: 2_000,
  queryDevices: 50,
  queryKeys: 50,
  queryBuckets: 5_000,
  defaultRangeMs: 3_600_000,
  /** How far the given times of a burst may run ahead: what a minute's rate limit lets through at once. */
  arrivalLeadMs: 60_000,
  /** Keys of a tenant that one answer lists. */
  keysListed: 5_000,

  /** Of one sweep: D1 deletes in chunks of about a thousand rows. */
  sweepRows: 1_000,
  sweepSteps: 20,
  /** Deleted devices that are swept together: one call to each one's object, of the 50 that the free plan allows. */
  sweepDevices: 20,
  /** A deleted device's token may live in a cache this long; its readings are removed after. */
  sweepDelayMs: 60_000,

  /** The device socket: one frame, and the first one of a socket whose address names no device. */
  frameBytes: 256 * 1024,
  firstFrameBytes: 4 * 1024,
  firstFrameMs: 10_000,
  /** Unanswered in one socket: a device that sends more without waiting is told to come back later. */
  socketBacklogBytes: 512 * 1024,
  /** What a waiting frame costs besides its text, so that a flood of `{}` is bounded too. */
  waitingFrameBytes: 128,
  /** Telemetry frames that wait go through the pipeline together. */
  runFrames: 100,
  runBytes: 256 * 1024,
  /** The sender's mark of a frame, as text. */
  frameIdLength: 128,

  /** mqtt: one packet, and the only size that a client is told. */
  mqttPacketBytes: 256 * 1024,
  mqttClientIdBytes: 256,
  /** From the socket's opening to its CONNECT. */
  mqttConnectMs: 10_000,
  /** A longer keep-alive, or none, is shortened where the protocol can say so (5.0). */
  mqttKeepAliveSeconds: 3_600,
  /** QoS 1 and 2 messages of a client that are not acknowledged; 5.0 clients are told. */
  mqttReceiveMaximum: 256,
  /** 3.1.1 knows no such limit: what a client may leave without a PUBREL, or send unacknowledged. */
  mqttReceiving: 4_096,
  mqttTopicAliases: 16,
  /** A connection's state in its socket's attachment, which takes 16,384 bytes with all else in it. */
  mqttSnapshotBytes: 14 * 1024,
  /** mqtt broker: objects a region, so that no one of them meets a message rate or a count of sockets it cannot bear. */
  brokersPerRegion: 8,
  /** Unacknowledged in one broker object, which has 128 MB: beyond it the worst socket goes. */
  brokerBacklogBytes: 8 * 1024 * 1024,
  /** A connection's state is written when it was quiet for so long: many clients send a packet in several frames. */
  brokerKeepMs: 20,
  /** A broker with connections wakes this often at least, to find those that it lost when it was cut short. */
  brokerSweepMs: 60_000,
  /** MQTT 3.1.1 cannot be told to wait: what is over a limit stays unacknowledged this long. */
  mqttWithholdMs: 30_000,

  /** mqtt space: what the clients of one device share. Sessions of client ids that come once would fill it … */
  mqttSessions: 100,
  /** … so none outlives its connection longer than this, whatever it asks for. */
  mqttSessionExpirySeconds: 7 * 24 * 3600,
  mqttSubscriptions: 100,
  /** Filters of one session: they stand in its row, which is written with each SUBSCRIBE. */
  mqttSubscriptionBytes: 64 * 1024,
  /** What waits for one session; beyond it the oldest goes. */
  mqttQueuedMessages: 1_000,
  mqttQueuedBytes: 1024 * 1024,
  /** On their way to one client and not settled: its broker object holds them in memory. */
  mqttWindowMessages: 100,
  mqttWindowBytes: 256 * 1024,
  mqttRetainedTopics: 100,
  mqttRetainedBytes: 256 * 1024,

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

  d1TimeoutMs: 10_000,
} as const
