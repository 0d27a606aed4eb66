/** Why this side ends a device socket. The codes are public and stable; `reason` goes over the wire (at most 123 bytes). */
export interface CloseCode {
  readonly code: number
  readonly reason: string
  /** When it is sent, and what the device should do then. */
  readonly when: string
  readonly advice: string
}

export const closeCodes = {
  tooBig: {
    code: 1009,
    reason: 'A frame is too big.',
    when: 'A frame over 256 KiB (4 KiB for the first one of the generic address). Earlier frames are answered first.',
    advice: 'Do not send that frame again; send its readings in smaller ones.',
  },
  restart: {
    code: 1011,
    reason: 'Restarting; connect again.',
    when: 'The server restarted, or moved the device elsewhere.',
    advice: 'Connect again after a random wait; send again what was not answered.',
  },
  slowDown: {
    code: 1013,
    reason: 'Too much is unanswered; wait for answers.',
    when: 'More than 512 KiB were sent without waiting for answers, or the service cannot take the socket now.',
    advice: 'Connect again after a random wait; send again what was not answered, with fewer frames at once.',
  },
  unauthenticated: {
    code: 4401,
    reason: 'Unknown or rotated device token.',
    when: 'The token is unknown, was rotated while the socket was open, or an auth frame names another one.',
    advice: 'Do not connect again with this token.',
  },
  replaced: {
    code: 4409,
    reason: 'Replaced by newer connections.',
    when: 'The device opened more than five sockets: the oldest is closed.',
    advice: 'Nothing: the newer connection serves.',
  },
  noAuth: {
    code: 4400,
    reason: 'The first frame was no auth frame.',
    when: 'On the generic address, the first frame could not be read, or was another one.',
    advice: 'Mend the client: the first frame here is {"type":"auth","deviceToken":"…"}.',
  },
  authTimeout: {
    code: 4408,
    reason: 'No auth frame in time.',
    when: 'On the generic address, no auth frame came within 10 s.',
    advice: 'Connect again and send the auth frame at once.',
  },
} as const satisfies Record<string, CloseCode>
