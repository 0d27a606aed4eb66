import type { Command, CommandAnswer, CommandRequest, CommandStatus } from '../../domain/command.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DownlinkNews } from '../../domain/network-route.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { Downlink } from '../../services/ports.ts'
import { CommandNetwork, type NetworkPort } from './command-network.ts'
import type { CommandQueue } from './command-queue.ts'
import { bounded, type CommandRow, sameOrConflict, toRequest, toStatus } from './command-row.ts'
import { type HistoryPorts, HistorySaver } from './history-saver.ts'

export interface DeskPorts extends HistoryPorts {
  /** The way it went by; undefined: none is open. */
  tell(device: DeviceIdentity, messages: readonly Downlink[]): Promise<string | undefined>
  /** Where no way is open; absent: no network server leads to the device. */
  readonly network?: NetworkPort
  /** As the registry has it now: who keeps an identity keeps an old one. Undefined: gone. */
  current(device: DeviceIdentity): Promise<DeviceIdentity | undefined>
  /** Something became of a command. */
  changed(row: CommandRow): void
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
  readonly #network: CommandNetwork
  readonly #history: HistorySaver
  #pollers: Poller[] = []
  readonly #senders = new Map<string, Set<() => void>>()
  #lastPoll = 0
  #pumping: Promise<void> | undefined

  constructor(queue: CommandQueue, ports: DeskPorts) {
    this.#queue = queue
    this.#ports = ports
    this.#history = new HistorySaver(queue, ports)
    this.#network = new CommandNetwork(queue, { ...ports, changed: (id) => this.#changed(id) })
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
    if (!command.persistent && this.#queue.isWithUs(command.id)) this.#giveUpOrAwaitPoll(command.id)
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

  /** A device that long-polls asks again in a moment, or is away. */
  #giveUpOrAwaitPoll(id: string): void {
    if (this.#isPolled()) this.#queue.awaitPoll(id, this.#lastPoll + limits.pollGapMs)
    else this.#finish(id, 'failed', { success: false, code: this.#network.absence })
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
    for (const { command } of rows) this.#changed(command.id)
    if (rows.length === 0 && waitMs > 0) {
      const row = await this.#nextCommand(waitMs)
      if (row) rows.push(row)
    }
    this.#lastPoll = this.#ports.now()
    this.#arm()
    this.#flushLater() // its time for an answer runs
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
    const isOver = row.finishedAt !== null && row.state !== 'sent' && row.state !== 'delivered'
    if (isOver) return row.state === 'succeeded' || row.state === 'failed'
    const failed = typeof body === 'object' && body !== null && (body as { success?: unknown }).success === false
    this.#finish(row.command.id, failed ? 'failed' : 'succeeded', bounded(body), at, true)
    return true
  }

  /** The device has them, and has not answered yet. */
  delivered(requestIds: readonly string[]): void {
    const rows = requestIds.flatMap((requestId) => this.#queue.byRequestId(requestId) ?? [])
    const sent = rows.filter(({ state }) => state === 'sent')
    for (const { command } of sent) {
      this.#queue.acknowledge(command.id, this.#ports.now())
      this.#changed(command.id)
    }
    if (sent.length > 0) this.#flushLater()
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
    const before = this.#pumping?.catch(() => undefined) ?? Promise.resolve()
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
        if (told === null) return this.#unsure(row)
        if (told !== undefined) this.#queue.markWay(row.command.id, told)
        else {
          this.#queue.unsend(row.command.id, this.#ports.now())
          if (!(await this.#network.ask(device, row.command.id))) return
        }
      }
      this.#changed(row.command.id)
    }
  }

  /** It may have gone out: its time for an answer decides. What waits behind it is tried again. */
  #unsure({ command }: CommandRow): void {
    this.#queue.endOneWay(command.id)
    this.#queue.retryBy(this.#ports.now() + limits.commandSaveRetryMs)
    this.#arm()
    this.#changed(command.id)
  }

  /** A network server says what became of commands. */
  async heard(news: readonly DownlinkNews[]): Promise<void> {
    // One that is being handed over may be told of before its name there is known.
    if (news.some(({ marks }) => !this.#queue.byMark(marks))) await this.#pumping?.catch(() => undefined)
    for (const item of news) this.#network.take(item)
    this.#arm()
    await this.flush()
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
      this.#queue.retryBy(this.#ports.now() + limits.commandSaveRetryMs)
    }
  }

  /** After an eviction: what was being handed over then may not have arrived, nor what became of it been saved. */
  woke(): void {
    const isAnyLost = this.#queue.wayClosed() + this.#network.woke() > 0
    if (isAnyLost || this.#queue.unsaved().length > 0) this.#ports.arm(this.#ports.now())
  }

  /** The alarm rang. */
  async expire(): Promise<void> {
    const isAnyDue = this.#expireDue()
    if (isAnyDue || !this.#network.isResting) return this.resume()
    this.#arm()
    await this.flush()
  }

  #expireDue(): boolean {
    const due = this.#queue.expire(this.#ports.now())
    for (const id of due) this.#changed(id)
    return due.length > 0
  }

  #arm(): void {
    const due = this.#queue.nextDeadline()
    if (due !== undefined) this.#ports.arm(due)
  }

  flush(): Promise<void> {
    return this.#history.flush()
  }

  /** Where nobody waits for the history. What cannot be saved now is saved by the alarm. */
  #flushLater(): void {
    this.flush().catch((error: unknown) => log('warn', 'commands_not_saved', { error }))
  }
}
