import type { PipelineContext } from '../../pipeline/context.ts'
import type { World } from '../context.ts'

/** What a webhook call needs, at the door as in the object that kept it. */
export interface WebhookContext {
  readonly world: World
  readonly pipeline: PipelineContext
  /** The operators' own secret, for every tenant. */
  readonly globalSecret: string | undefined
  readonly now: number
  /** Goes on after the answer. */
  readonly background: (work: Promise<unknown>) => void
}
