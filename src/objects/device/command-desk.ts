import type { Command, CommandAnswer, CommandRequest, CommandStatus } from '../../domain/command.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { Downlink } from '../../services/ports.ts'
import { type CommandQueue, type CommandRow, toRequest, toStatus } from './command-queue.ts'

export interface DeskPorts {
  /** The way it went by; undefined: none is open. */
  tell(device: DeviceIdentity, messages: readonly Downlink[]): Promise<string | undefined>
  /** As the registry has it now: who keeps an identity keeps an old one. Undefined: gone. */
  current(device: DeviceIdentity): Promise<DeviceIdentity | undefined>
  saveHistory(device: DeviceIdentity, rows: readonly CommandRow[]): Promise<void>
  /** Something became of a command. */
  changed(row: CommandRow): void
  /** The object's alarm must ring by then. */
  arm(at: number): void
  now(): number
}

interface Poller {
  readonly wake: (row: CommandRow | undefined) => void
}

/** The way of a device that asks. */
const polling = 'http'

/** Takes commands for the device, hands them over in order, and tells their senders what became of them. */
export class CommandDesk {
  readonly #queue: CommandQueue
  readonly #ports: DeskPorts
  #pollers: Poller[] = []
  readonly #senders = new Map<string, Set<() => void>>()
  #lastPoll = 0
  #pumping: Promise<void> | undefined
  #saving: Promise<void> = Promise.resolve()
  #nextSave: Promise<void> | undefined

  constructor(queue: CommandQueue, ports: DeskPorts) {
    this.#queue = queue
    this.#ports = ports
  }

  /** @throws AppError quota_exceeded, conflict */
  async send(device: DeviceIdentity, command: Command, waitMs: number): Promise<CommandStatus> {
    const known = this.#queue.byRequestId(command.requestId)
    if (known) return toStatus(sameOrConflict(known, command))
    if (this.#queue.underWay() >= limits.commandsUnderWay) {
      const detail = `At most ${limits.commandsUnderWay} commands may be under way to a device.`
      const limit = { limit: 'commands_under_way', remaining: 0, retryAfter: 60 }
      throw new AppError('quota_exceeded', { detail, limit })
    }
    this.#queue.add(device, command)
    this.#arm() // whatever cuts the rest short, it expires
    this.#changed(command.id)
    await this.pump(device)
    const isAway = this.#queue.get(command.id)?.state === 'queued' && !this.#isPolled()
    if (isAway && !command.persistent) this.#finish(command.id, 'failed', { success: false, code: 'device_offline' })
    this.#arm()
    if (waitMs > 0 && command.twoWay) {
      await this.#over(command.id, waitMs)
      this.#expireDue()
    }
    const row = this.#queue.get(command.id)
    await this.flush()
    const status = this.#queue.get(command.id) ?? row
    if (!status) throw new AppError('command_not_found', { detail: 'Too much became of other commands meanwhile.' })
    return toStatus(status)
  }

  cancel(id: string): CommandStatus | undefined {
    const row = this.#queue.get(id)
    if (!row || row.finishedAt !== null) return undefined
    this.#finish(id, 'cancelled', undefined)
    return toStatus(this.#queue.get(id) as CommandRow)
  }

  /** Long poll. */
  async take(waitMs: number, most: number): Promise<CommandRequest[]> {
    const now = this.#ports.now()
    const rows = this.#queue.waiting(now, most)
    for (const row of rows) this.#queue.markSent(row, polling, now)
    if (rows.length === 0 && waitMs > 0) {
      const row = await this.#nextCommand(waitMs)
      if (row) rows.push(row)
    }
    this.#lastPoll = this.#ports.now()
    for (const { command } of rows) this.#changed(command.id)
    this.#arm()
    // Its time for an answer runs: the history is not waited for. What cannot be saved now is saved by the alarm.
    this.flush().catch((error: unknown) => log('warn', 'commands_not_saved', { error }))
    return rows.map(toRequest)
  }

  #nextCommand(waitMs: number): Promise<CommandRow | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => poller.wake(undefined), waitMs)
      const poller: Poller = {
        wake: (row) => {
          clearTimeout(timer)
          this.#pollers = this.#pollers.filter((other) => other !== poller)
          resolve(row)
        },
      }
      this.#pollers.push(poller)
    })
  }

  /** A device that long-polls is between two polls for a moment. */
  #isPolled(): boolean {
    return this.#pollers.length > 0 || this.#ports.now() - this.#lastPoll < limits.pollGapMs
  }

  get isPolled(): boolean {
    return this.#pollers.length > 0
  }

  answer({ requestId, body, at }: CommandAnswer): boolean {
    const row = this.#queue.byRequestId(requestId)
    if (!row) return false
    const isOver = row.finishedAt !== null && row.state !== 'sent'
    if (isOver) return row.state === 'succeeded' || row.state === 'failed'
    const failed = typeof body === 'object' && body !== null && (body as { success?: unknown }).success === false
    this.#finish(row.command.id, failed ? 'failed' : 'succeeded', bounded(body), at, true)
    return true
  }

  #finish(id: string, state: 'succeeded' | 'failed' | 'cancelled', result: unknown, at?: number, isWord = false): void {
    const now = at ?? this.#ports.now()
    if (isWord) this.#queue.acknowledge(id, now)
    this.#queue.finish(id, state, result, now)
    this.#changed(id)
  }

  /** Tells who waits, and those who watch. */
  #changed(id: string): void {
    const row = this.#queue.get(id)
    if (!row) return
    this.#ports.changed(row)
    if (row.finishedAt !== null) for (const wake of this.#senders.get(id) ?? []) wake()
  }

  #over(id: string, waitMs: number): Promise<void> {
    if (this.#queue.get(id)?.finishedAt !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const waiting = this.#senders.get(id) ?? new Set()
      const wake = () => {
        clearTimeout(timer)
        waiting.delete(wake)
        if (waiting.size === 0) this.#senders.delete(id)
        resolve()
      }
      const timer = setTimeout(wake, waitMs)
      waiting.add(wake)
      this.#senders.set(id, waiting)
    })
  }

  /** Hands over what waits, in order, for as long as somebody takes it. One at a time. */
  pump(device: DeviceIdentity): Promise<void> {
    const before = this.#pumping ?? Promise.resolve()
    const pumping = before
      .then(() => this.#pump(device))
      .finally(() => {
        if (this.#pumping === pumping) this.#pumping = undefined
      })
    this.#pumping = pumping
    return pumping
  }

  async #pump(device: DeviceIdentity): Promise<void> {
    for (;;) {
      const now = this.#ports.now()
      const [row] = this.#queue.waiting(now, 1)
      if (!row) return
      const poller = this.#pollers.at(-1) // the newest: an older one's client may have gone without a word
      this.#queue.markSent(row, poller && polling, now)
      this.#arm()
      if (poller) poller.wake(row)
      else {
        const told = await this.#ports
          .tell(device, [{ kind: 'command', request: toRequest(row), timeoutMs: row.command.timeoutMs }])
          .catch((): null => null)
        if (told === null) return // it may have gone out: its time for an answer decides
        if (told === undefined) return this.#queue.unsend(row.command.id)
        this.#queue.markWay(row.command.id, told)
      }
      this.#changed(row.command.id)
    }
  }

  /** A way opened: what waits goes out. */
  async wayOpened(device: DeviceIdentity): Promise<void> {
    await this.pump(device)
    this.#arm()
    await this.flush()
  }

  async wayClosed(way: string): Promise<void> {
    this.#queue.wayClosed(way)
    await this.resume()
  }

  /** What waits goes out by whatever way the device has now. */
  async resume(): Promise<void> {
    const [waiting] = this.#queue.waiting(this.#ports.now(), 1)
    if (waiting) await this.#pumpCurrent(waiting.device)
    this.#arm()
    await this.flush()
  }

  async #pumpCurrent(kept: DeviceIdentity): Promise<void> {
    try {
      const device = await this.#ports.current(kept)
      if (device) await this.pump(device)
    } catch (error) {
      log('warn', 'commands_wait', { device_id: kept.deviceId, error })
      this.#ports.arm(this.#ports.now() + limits.commandSaveRetryMs)
    }
  }

  /** After an eviction: what was being handed over then may not have arrived, nor what became of it been saved. */
  woke(): void {
    const isAnyLost = this.#queue.wayClosed() > 0
    if (isAnyLost || this.#queue.unsaved().length > 0) this.#ports.arm(this.#ports.now())
  }

  /** The alarm rang. */
  async expire(): Promise<void> {
    this.#expireDue()
    await this.resume()
  }

  #expireDue(): void {
    for (const id of this.#queue.expire(this.#ports.now())) this.#changed(id)
  }

  #arm(): void {
    const due = this.#queue.nextDeadline()
    if (due !== undefined) this.#ports.arm(due)
  }

  /**
   * Brings the history up to date; what could not be saved is tried again by the alarm. One save at a time, so
   * that none overtakes a newer one; who comes meanwhile shares the next.
   */
  flush(): Promise<void> {
    const next = () => {
      this.#nextSave = undefined
      this.#saving = this.#save()
      return this.#saving
    }
    this.#nextSave ??= this.#saving.then(next, next)
    return this.#nextSave
  }

  async #save(): Promise<void> {
    for (;;) {
      const rows = this.#queue.unsaved()
      const [first] = rows
      if (!first) return
      try {
        await this.#ports.saveHistory(first.device, rows)
        this.#queue.saved(rows)
      } catch (error) {
        log('warn', 'commands_not_saved', { device_id: first.device.deviceId, error })
        return this.#ports.arm(this.#ports.now() + limits.commandSaveRetryMs)
      }
    }
  }
}

/** The same requestId with the same words is the same command, sent again because its answer was lost. */
function sameOrConflict(known: CommandRow, { method, params }: Command): CommandRow {
  const words = JSON.stringify([method, params])
  if (JSON.stringify([known.command.method, known.command.params]) === words) return known
  const detail = 'This requestId came with another command; leave it out to get a new one.'
  throw new AppError('conflict', { detail })
}

/** What is kept of an answer. */
function bounded(body: unknown): unknown {
  const text = JSON.stringify(body) ?? 'null'
  const size = new TextEncoder().encode(text).length
  return size <= limits.commandResultBytes ? body : { truncated: true, size, text: text.slice(0, 1_024) }
}
