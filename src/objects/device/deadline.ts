/** The object's one alarm: whoever sets it, it only moves earlier; its handler arms it anew. */
export class Deadline {
  readonly #storage: DurableObjectStorage
  #turn: Promise<void> = Promise.resolve()

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Epoch ms. A row is written where it moves. */
  arm(at: number): Promise<void> {
    const turn = this.#turn.then(() => this.#set(at)) // two that read at once would both find it free
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #set(at: number): Promise<void> {
    const set = await this.#storage.getAlarm()
    if (set === null || at < set) await this.#storage.setAlarm(at)
  }
}
