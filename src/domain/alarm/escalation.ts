/** How long an alarm waits on each level of people before the next is told. */
export interface EscalationSettings {
  readonly l1ToL2Minutes: number
  readonly l2ToL3Minutes: number
  readonly stopOnAck: boolean
  readonly stopOnClear: boolean
}

export const defaultEscalation: EscalationSettings = {
  l1ToL2Minutes: 15,
  l2ToL3Minutes: 30,
  stopOnAck: true,
  stopOnClear: true,
}
