// npm run check: format, lint and types, without running anything.
import { codeSteps, runSteps } from './steps.ts'

await runSteps(codeSteps)
