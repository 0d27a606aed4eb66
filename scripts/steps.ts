import { mustRun } from './wrangler.ts'

export interface Step {
  readonly title: string
  /** Rejects with what there is to read. */
  readonly work: () => Promise<unknown>
}

/** What the code itself must pass; all four type-checks, as each sees other globals. */
export const codeSteps: readonly Step[] = [
  { title: 'format and lint', work: () => mustRun('biome', ['check', '--error-on-warnings']) },
  { title: 'types of src', work: () => mustRun('tsc', ['-p', 'tsconfig.json']) },
  { title: 'types of the web app', work: () => mustRun('tsc', ['-p', 'tsconfig.web.json']) },
  { title: 'types of test', work: () => mustRun('tsc', ['-p', 'tsconfig.test.json']) },
  { title: 'types of scripts, bench, examples and e2e', work: () => mustRun('tsc', ['-p', 'tsconfig.node.json']) },
]

/** One after another; the first that fails ends the process. */
export async function runSteps(steps: readonly Step[]): Promise<void> {
  for (const { title, work } of steps) {
    const startedAt = performance.now()
    const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    try {
      await work()
      console.log(`ok    ${title} (${seconds()})`)
    } catch (error) {
      console.error(`FAIL  ${title} (${seconds()})\n${error instanceof Error ? error.message : error}`)
      process.exit(1)
    }
  }
}
