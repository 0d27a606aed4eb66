/** Work in the order in which it came; what waits while some is under way is done together. */
export class Lane<Item> {
  readonly #countRun: (waiting: readonly Item[]) => number
  readonly #work: (run: readonly Item[]) => Promise<void>
  #waiting: Item[] = []
  #worker: Promise<void> | undefined

  /** `countRun`: how many of those that wait go together. `work` never rejects. */
  constructor(countRun: (waiting: readonly Item[]) => number, work: (run: readonly Item[]) => Promise<void>) {
    this.#countRun = countRun
    this.#work = work
  }

  get isIdle(): boolean {
    return this.#worker === undefined
  }

  add(item: Item): void {
    this.#waiting.push(item)
    this.#worker ??= this.#drain()
  }

  clear(): void {
    this.#waiting = []
  }

  async idle(): Promise<void> {
    while (this.#worker) await this.#worker
  }

  async #drain(): Promise<void> {
    // The packets of one frame go together.
    await undefined
    while (this.#waiting.length > 0) {
      await this.#work(this.#waiting.splice(0, Math.max(1, this.#countRun(this.#waiting))))
    }
    this.#worker = undefined
  }
}
