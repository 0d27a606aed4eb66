import { limits } from '../../domain/limits.ts'

/**
 * What was sent to a reader and is not confirmed. A Worker cannot see how much of what it sent was read, so the
 * reader is asked now and then, and answers with the number of the question.
 */
export class Flow {
  #sent = 0
  #confirmed = 0
  #asked = 0
  /** Question → what was sent by then. */
  readonly #checks = new Map<number, number>()
  #lastCheck = 0

  /** The question to send after it, if one is due. */
  add(size: number): number | undefined {
    this.#sent += size
    if (this.#sent - this.#asked < limits.liveCheckBytes) return undefined
    this.#asked = this.#sent
    this.#checks.set(++this.#lastCheck, this.#sent)
    return this.#lastCheck
  }

  get unread(): number {
    return this.#sent - this.#confirmed
  }

  confirm(check: number): void {
    const sent = this.#checks.get(check)
    if (sent === undefined) return
    this.#confirmed = Math.max(this.#confirmed, sent)
    for (const number of this.#checks.keys()) if (number <= check) this.#checks.delete(number)
  }
}
