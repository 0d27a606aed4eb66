import { AppError, isPassing } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { ClientFrame, FrameId, TelemetryFrame } from './frames.ts'
import { parseFrame } from './parse-frame.ts'
import type { SessionOut, SessionPorts } from './ports.ts'
import { faultReply, type Reply, telemetryReply, toAnyFault, withId } from './replies.ts'

/** A message that is not answered yet: what it says, or why it says nothing. */
interface Waiting {
  readonly message: string | ArrayBuffer
  readonly cost: number
  readonly telemetry?: TelemetryFrame
  readonly frame?: SingleFrame
  readonly error?: unknown
}

type SingleFrame = Exclude<ClientFrame, TelemetryFrame>

/**
 * One device socket. Frames are answered one by one in the order in which they came; telemetry frames that wait
 * while others are under way go on together, which is the group commit of a socket.
 */
export class DeviceSession {
  readonly #ports: SessionPorts
  readonly #out: SessionOut
  #queue: Waiting[] = []
  #unanswered = 0
  #worker: Promise<void> | undefined
  #taking = true
  #open = true

  constructor(ports: SessionPorts, out: SessionOut) {
    this.#ports = ports
    this.#out = out
  }

  /** Never throws and never waits. */
  receive(message: string | ArrayBuffer): void {
    if (!this.#taking) return
    const waiting = toWaiting(message)
    this.#unanswered += waiting.cost
    if (isTooBig(waiting)) this.#taking = false
    else if (this.#unanswered > limits.socketBacklogBytes) {
      this.#close(closeCodes.slowDown)
      return
    }
    this.#queue.push(waiting)
    this.#worker ??= this.#drain()
  }

  /** The socket is closed: what waits is neither done nor answered. */
  end(): void {
    this.#stop()
  }

  /** Resolves when nothing waits any more. Never rejects. */
  async idle(): Promise<void> {
    while (this.#worker) await this.#worker
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const run = this.#takeRun()
      for (const reply of await this.#answer(run)) this.#reply(reply)
      for (const { cost } of run) this.#unanswered -= cost
    }
    this.#worker = undefined
  }

  /** The telemetry frames at the head of the queue, else the one frame that stands there. */
  #takeRun(): Waiting[] {
    let count = 0
    let bytes = 0
    for (const { telemetry, cost } of this.#queue) {
      bytes += cost
      if (!telemetry || count === limits.runFrames || (count > 0 && bytes > limits.runBytes)) break
      count++
    }
    return this.#queue.splice(0, Math.max(count, 1))
  }

  async #answer(run: readonly Waiting[]): Promise<Reply[]> {
    const frames = run.flatMap(({ telemetry }) => telemetry ?? [])
    return frames.length > 0 ? this.#answerTelemetry(frames) : Promise.all(run.map((one) => this.#answerOne(one)))
  }

  async #answerTelemetry(frames: readonly TelemetryFrame[]): Promise<Reply[]> {
    try {
      const results = await this.#ports.telemetry(frames)
      return frames.map(({ id }, index) => telemetryReply(results[index], id))
    } catch (thrown) {
      return frames.map(({ id }) => faultReply(toAnyFault(thrown), id))
    }
  }

  async #answerOne(waiting: Waiting): Promise<Reply> {
    try {
      if (!waiting.frame) throw waiting.error
      return await this.#answerFrame(waiting.frame)
    } catch (thrown) {
      const told = await this.#record(thrown, waiting.message)
      return isTooBig(waiting) ? { close: closeCodes.tooBig } : faultReply(toAnyFault(told), idOf(waiting))
    }
  }

  async #answerFrame(frame: SingleFrame): Promise<Reply> {
    const id = withId(frame.id)
    switch (frame.type) {
      case 'ping':
        await this.#ports.heard()
        return { frame: { type: 'pong', ...id } }
      case 'auth':
        if (await this.#ports.isOwnToken(frame.deviceToken)) {
          return { frame: { type: 'auth_result', success: true, ...id } }
        }
        return strangeToken(frame.id)
      case 'client_attribute':
        await this.#ports.saveClientAttributes(frame.changes, frame.childDeviceId)
        return { frame: { type: 'ack', accepted: Object.keys(frame.changes).length, ...id } }
      case 'get_attributes': {
        const { scope, keys, childDeviceId } = frame
        const data = await this.#ports.attributes(scope, keys, childDeviceId)
        return { frame: { type: 'attributes_response', data, ...(childDeviceId && { childDeviceId }), ...id } }
      }
      case 'rpc_response': {
        const { requestId, body, childDeviceId } = frame
        const answer = { requestId, body, ...(childDeviceId !== undefined && { childDeviceId }) }
        const accepted = (await this.#ports.answerCommand(answer)) ? 1 : 0
        return { frame: { type: 'ack', accepted, ...id } }
      }
    }
  }

  /** Returns what to answer: a fault that could not be recorded is not the last word on the frame. */
  async #record(thrown: unknown, message: string | ArrayBuffer): Promise<unknown> {
    if (!(thrown instanceof AppError) || isPassing(thrown.code)) return thrown
    try {
      await this.#ports.refused(thrown, message)
      return thrown
    } catch (failure) {
      return failure
    }
  }

  #reply({ frame, close }: Reply): void {
    if (!this.#open) return
    if (frame) this.#attempt(() => this.#out.send(frame))
    if (close) this.#close(close)
  }

  #close({ code, reason }: CloseCode): void {
    if (!this.#open) return
    this.#stop()
    this.#attempt(() => this.#out.close(code, reason))
  }

  /** A socket that went away throws; whoever holds it learns that from its own close handler. */
  #attempt(act: () => void): void {
    try {
      act()
    } catch {
      this.#stop()
    }
  }

  #stop(): void {
    this.#open = false
    this.#taking = false
    this.#queue = []
  }
}

function toWaiting(message: string | ArrayBuffer): Waiting {
  const size = typeof message === 'string' ? message.length : message.byteLength
  // Of one that is too long no more is kept than is shown of it.
  const base = {
    message: size > limits.frameBytes ? message.slice(0, limits.eventRawBytes) : message,
    cost: size + limits.waitingFrameBytes,
  }
  try {
    const frame = parseFrame(message)
    return frame.type === 'telemetry' ? { ...base, telemetry: frame } : { ...base, frame }
  } catch (error) {
    return { ...base, error }
  }
}

function isTooBig({ error }: Waiting): boolean {
  return error instanceof AppError && error.code === 'payload_too_large'
}

function idOf({ frame, error }: Waiting): FrameId | undefined {
  if (frame) return frame.id
  const id = error instanceof AppError ? error.members?.id : undefined
  return typeof id === 'string' || typeof id === 'number' ? id : undefined
}

function strangeToken(id: FrameId | undefined): Reply {
  const detail = 'This socket is open for another device token.'
  const frame = { type: 'auth_result', success: false, code: 'unauthenticated', detail, ...withId(id) } as const
  return { frame, close: closeCodes.unauthenticated }
}
