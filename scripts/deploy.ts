// npm run deploy: from an account that wrangler is signed in to, to a running installation. Safe to run again.
// -- --dry-run goes as far as an account is not needed.
import { randomBytes } from 'node:crypto'
import { databases, mustRun } from './wrangler.ts'

const dryRun = process.argv.includes('--dry-run')

async function step(title: string, work: () => Promise<unknown>): Promise<void> {
  console.log(dryRun ? `would: ${title}` : title)
  if (!dryRun) await work()
}

async function main(): Promise<void> {
  if (dryRun) await mustRun('wrangler', ['deploy', '--dry-run', '--outdir', 'dist/worker'])
  await step('Deploy the Worker; databases that are missing are made', async () => {
    console.log(await mustRun('wrangler', ['deploy']))
  })
  for (const { binding } of databases()) {
    await step(`Apply the migrations of ${binding}`, () =>
      mustRun('wrangler', ['d1', 'migrations', 'apply', binding, '--remote']),
    )
  }
  await step('Make the SETUP_TOKEN secret where there is none', makeSetupToken)
}

async function makeSetupToken(): Promise<void> {
  const listed = await mustRun('wrangler', ['secret', 'list', '--format', 'json'])
  if (/"SETUP_TOKEN"/.test(listed)) return
  const token = process.env.SETUP_TOKEN ?? randomBytes(32).toString('base64url')
  await mustRun('wrangler', ['secret', 'put', 'SETUP_TOKEN'], token)
  if (!process.env.SETUP_TOKEN) console.log(`SETUP_TOKEN (shown this once, keep it): ${token}`)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
