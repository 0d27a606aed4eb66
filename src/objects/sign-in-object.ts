import { DurableObject } from 'cloudflare:workers'
import { hashPassword, isOutdated, verifyPassword } from '../services/people/password-hash.ts'
import type { SignInAttempt, SignInDesk, SignInVerdict } from '../services/ports.ts'
import { AttemptBook } from './sign-in/attempt-book.ts'

/**
 * Hashes passwords and counts attempts, where a hash may take its 40 ms: a Worker on the free plan has 10 ms of CPU, an
 * object 30 s. An account's attempts are all in one object, so that many side by side are counted as many.
 */
export class SignInObject extends DurableObject<Env> implements SignInDesk {
  readonly #book = new AttemptBook(this.ctx.storage)

  hash(password: string): Promise<string> {
    return hashPassword(password)
  }

  async attempt({ account, network, password, hash }: SignInAttempt): Promise<SignInVerdict> {
    const waitMs = this.#book.begin(account, network, Date.now())
    if (waitMs > 0) return { outcome: 'wait', waitMs }
    if (!(await verifyPassword(password, hash))) return { outcome: 'wrong' }
    this.#book.succeed(account, network, Date.now())
    if (hash === undefined || !isOutdated(hash)) return { outcome: 'right' }
    return { outcome: 'right', renewed: await hashPassword(password) }
  }

  async admit(network: string): Promise<number> {
    return this.#book.beginOfNetwork(network, Date.now())
  }

  async refund(network: string): Promise<void> {
    this.#book.refundNetwork(network)
  }
}
