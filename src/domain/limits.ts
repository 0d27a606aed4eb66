import { mqttLimits } from './mqtt-limits.ts'
import { webhookLimits } from './webhook-limits.ts'

/** Every number that bounds something, with its reason. Bytes, milliseconds and counts unless named. */
export const limits = {
  ...mqttLimits,
  ...webhookLimits,

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
  /** A lane that meets a device cold tries its look-up again for so long; later arrivals wait meanwhile. */
  lookUpRetryMs: 1_000,
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
  liveUnreadBytesOfAll: 32 * 1024 * 1024,
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
  /** Old readings: devices that are looked at together, and of those with something to delete that share a statement. */
  retentionGroup: 200,
  retentionDevices: 10,
  retentionRoundMs: 3_600_000,
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

  /** people: NIST 800-63B asks for 8; a guess costs 40 ms here, so ten that are not among the commonest. */
  passwordLength: 10,
  passwordLengthMax: 256,
  emailLength: 254,
  /** scrypt: 16 MiB and about 40 ms a hash (measured); N = 131,072 would take a whole isolate's 128 MB. */
  scryptN: 16_384,
  scryptR: 8,
  scryptP: 1,
  /** Objects that hash and count: an account's attempts are in one of them. */
  signInObjects: 16,
  /** Failures within the window: of one address with one account, of all unknown addresses with it, … */
  signInWindowMs: 15 * 60_000,
  signInFailures: 5,
  signInAccountFailures: 50,
  /** … of an address that the person came from before, which no stranger can use up, … */
  signInKnownFailures: 20,
  knownAddressMs: 30 * 24 * 3_600_000,
  /** … and of one address over all accounts: an office behind one address mistypes less often. */
  signInAddressFailures: 50,
  /** A session ends when it was not used for so long, and in any case after so long. */
  sessionIdleMs: 30 * 24 * 3_600_000,
  sessionMs: 180 * 24 * 3_600_000,
  /** Its use is noted no oftener than this: a check costs one read. */
  sessionNoteMs: 3_600_000,
  /** A person's sessions; a new one beyond it ends the one that was not used for longest. */
  sessionsPerPerson: 50,
  /** Stands for a session in a URL: long enough for a slow network, too short to be of use in a log. */
  ticketMs: 60_000,
  linkMs: 24 * 3_600_000,
  linksPerTenant: 200,
  apiKeysPerTenant: 200,
  apiKeyDevices: 200,
  apiKeyNoteMs: 3_600_000,
  /** audit: so long, and of one change so much before and after. */
  auditMs: 400 * 24 * 3_600_000,
  auditBytes: 4_096,
  /** A device that lost the answer may enrol again this long; later only where its profile allows it. */
  provisionRepeatMs: 24 * 3_600_000,
  hardwareIdLength: 128,
  /** Rows that an export reads at once. */
  exportRows: 500,

  /** A century: as good as for ever. */
  retentionDaysMax: 36_500,
  /** Alarm rules of a profile: each is looked at with every reading. */
  alarmRules: 50,
  /** Durations, cool-downs and silences of a rule, in seconds: a year. */
  ruleSeconds: 365 * 24 * 3_600,
  /** Saved by one batch of statements. */
  alarmChangesPerSave: 25,
  /** A child whose gateway is silent too is looked at again this often. */
  coveredRecheckMs: 60_000,
  /** Acknowledged at once: each is a call to its device's object. */
  alarmBulk: 40,
  shelveMs: 3_600_000,
  shelveMaxMs: 30 * 24 * 3_600_000,
  /** A change of a profile's rules is told to so many of its devices in one run of the cron: each is a call. */
  rolloutDevices: 40,
  /** A preview walks so many devices and readings. */
  previewDevices: 10,
  previewReadings: 50_000,
  previewFirings: 200,

  d1TimeoutMs: 10_000,
} as const
