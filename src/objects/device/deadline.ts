/** The object's one alarm: whoever sets it, it only moves earlier; its handler arms it anew. */
export class Deadline {
  readonly #storage: DurableObjectStorage

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
  }

  /** Epoch ms. A row is written where it moves. */
  async arm(at: number): Promise<void> {
    const set = await this.#storage.getAlarm()
    if (set === null || at < set) await this.#storage.setAlarm(at)
  }
}
