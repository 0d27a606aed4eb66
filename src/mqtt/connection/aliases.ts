/** Which topics go out as a number. At most so many; the one that was not used for longest makes room. */
export class OutgoingAliases {
  readonly #maximum: number
  /** The one used last is last. */
  readonly #aliases: Map<string, number>

  constructor(maximum: number, entries: readonly (readonly [string, number])[] = []) {
    this.#maximum = maximum
    this.#aliases = new Map(entries)
  }

  /** How to name a topic. Nothing is changed until the packet went out. */
  name(topic: string): { readonly topic: string; readonly topicAlias?: number } {
    if (this.#maximum === 0) return { topic }
    const known = this.#aliases.get(topic)
    if (known !== undefined) return { topic: '', topicAlias: known }
    const isFull = this.#aliases.size >= this.#maximum
    const [oldest] = this.#aliases.values()
    return { topic, topicAlias: isFull && oldest !== undefined ? oldest : this.#aliases.size + 1 }
  }

  /** It went out under this alias. */
  use(topic: string, alias: number): void {
    const [oldest] = this.#aliases.keys()
    if (!this.#aliases.delete(topic) && this.#aliases.size >= this.#maximum && oldest !== undefined) {
      this.#aliases.delete(oldest)
    }
    this.#aliases.set(topic, alias)
  }

  entries(): readonly (readonly [string, number])[] {
    return [...this.#aliases]
  }
}
