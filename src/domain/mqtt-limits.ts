/** Those of `limits` that MQTT needs, with their reasons. */
export const mqttLimits = {
  /** mqtt: one packet, and the only size that a client is told. */
  mqttPacketBytes: 256 * 1024,
  /** A CONNECT, of somebody who is not known yet. A will has its room in it. */
  mqttConnectBytes: 64 * 1024,
  mqttClientIdBytes: 256,
  /** From the socket's opening to its CONNECT. */
  mqttConnectMs: 10_000,
  /** A longer keep-alive, or none, is shortened where the protocol can say so (5.0). */
  mqttKeepAliveSeconds: 3_600,
  /** QoS 1 and 2 messages of a client that are not acknowledged; 5.0 clients are told. */
  mqttReceiveMaximum: 2_048,
  /** 3.1.1 knows no such limit: what a client may leave without a PUBREL, or send unacknowledged. */
  mqttReceiving: 4_096,
  mqttTopicAliases: 16,
  /** Topics for which a client's aliases stand: its connection keeps them. */
  mqttTopicAliasBytes: 16 * 1024,
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
  /** A will that the platform could not take is tried again after this, after twice as long each time, and … */
  mqttWillRetryMs: 15_000,
  /** … not this long after it was due: a repeat is known that long, and a late word must not hide a newer one. */
  mqttWillMs: 8 * 60_000,
  mqttRetainedTopics: 100,
  mqttRetainedBytes: 256 * 1024,
} as const
