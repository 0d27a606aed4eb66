import type { Attribute, AttributeChanges, AttributeScope, AttributeValue } from '../../domain/attribute.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'

export interface AttributePorts {
  load(device: DeviceIdentity): Promise<readonly Attribute[]>
  save(device: DeviceIdentity, scope: AttributeScope, changes: AttributeChanges, now: number): Promise<void>
  /** Only what is news. */
  changed(device: DeviceIdentity, scope: AttributeScope, changes: AttributeChanges): void
  now(): number
}

type Book = Map<AttributeScope, Map<string, Attribute>>

/**
 * A device's attributes, in memory where the object is warm. Every change goes through here, one at a time:
 * committed, then remembered, then told, so that what is told comes in the order of the commits.
 */
export class AttributeBook {
  readonly #ports: AttributePorts
  #book: Promise<Book> | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Of saves that failed: they may be committed, even later, and were not told. */
  readonly #doubtful = new Set<string>()

  constructor(ports: AttributePorts) {
    this.#ports = ports
  }

  /** By scope and key. */
  async read(device: DeviceIdentity, scopes: readonly AttributeScope[]): Promise<Attribute[]> {
    const book = await this.#load(device)
    return scopes.flatMap((scope) => [...(book.get(scope)?.values() ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1)))
  }

  /**
   * What a device or an app repeats is not written again. A shared value is: the device may have missed it when
   * the save before it was cut short after its commit, and whoever sets it once more wants it told.
   * @throws AppError validation_rejected
   */
  save(device: DeviceIdentity, scope: AttributeScope, changes: AttributeChanges): Promise<void> {
    const turn = this.#turn.then(() => this.#save(device, scope, changes))
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #save(device: DeviceIdentity, scope: AttributeScope, changes: AttributeChanges): Promise<void> {
    const book = await this.#load(device)
    const known = book.get(scope) ?? new Map<string, Attribute>()
    book.set(scope, known)
    const mark = (key: string) => `${scope} ${key}`
    const isNews = (key: string, value: AttributeValue | null) =>
      scope === 'shared' || this.#doubtful.has(mark(key)) || !isEqual(known.get(key)?.value ?? null, value)
    const news = changes.filter(([key, value]) => isNews(key, value))
    if (news.length === 0) return
    const growth = news.reduce((sum, [key, value]) => sum + Number(value !== null) - Number(known.has(key)), 0)
    if (growth > 0 && known.size + growth > limits.attributesPerScope) {
      const detail = `A device has at most ${limits.attributesPerScope} attributes of a scope.`
      throw new AppError('validation_rejected', { reason: 'too_many_keys', detail })
    }
    const now = this.#ports.now()
    try {
      await this.#ports.save(device, scope, news, now)
    } catch (error) {
      this.#book = undefined // it may be committed all the same
      for (const [key] of news) this.#doubtful.add(mark(key))
      throw error
    }
    for (const [key, value] of news) {
      this.#doubtful.delete(mark(key))
      if (value === null) known.delete(key)
      else known.set(key, { scope, key, value, updatedAt: now })
    }
    this.#ports.changed(device, scope, news)
  }

  /** One load at a time; a failed one is tried again by the next call. */
  #load(device: DeviceIdentity): Promise<Book> {
    this.#book ??= this.#ports.load(device).then(toBook, (error: unknown) => {
      this.#book = undefined
      throw error
    })
    return this.#book
  }
}

function toBook(attributes: readonly Attribute[]): Book {
  const book: Book = new Map()
  for (const attribute of attributes) {
    const scope = book.get(attribute.scope) ?? new Map<string, Attribute>()
    scope.set(attribute.key, attribute)
    book.set(attribute.scope, scope)
  }
  return book
}

function isEqual(a: AttributeValue | null, b: AttributeValue | null): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
