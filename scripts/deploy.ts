// npm run deploy: from an account that wrangler is signed in to, to a running installation. Safe to run again.
// -- --dry-run goes as far as is possible without an account, and names the rest.
import { randomBytes } from 'node:crypto'
import type { Step } from './steps.ts'
import { type Database, mustRun, readProject, run } from './wrangler.ts'

const { databases } = readProject()

const migrations: readonly Step[] = databases.map(({ binding, name }) => ({
  title: `Apply the migrations of ${binding} (${name})`,
  // By binding: it is unique in wrangler.toml, and wrangler finds the database by the name beside it.
  work: () => mustRun('wrangler', ['d1', 'migrations', 'apply', binding, '--remote'], { show: true }),
}))
const worker: Step = {
  title: 'Deploy the Worker; databases that are missing are made',
  work: () => mustRun('wrangler', ['deploy'], { show: true }),
}
const secrets: Step = { title: 'Make the secret SETUP_TOKEN, unless there is one', work: makeSetupToken }

/** The old code runs on new tables (migrations only add), not the other way round; the first time nothing exists yet. */
function order(isFirstTime: boolean): readonly Step[] {
  return isFirstTime ? [worker, ...migrations, secrets] : [...migrations, worker, secrets]
}

/** An account that cannot be asked is taken for an empty one: `wrangler deploy` then says what is wrong. */
async function haveAll(wanted: readonly Database[]): Promise<boolean> {
  const found = await Promise.all(wanted.map(({ name }) => run('wrangler', ['d1', 'info', name, '--json'])))
  return found.every(({ code }) => code === 0)
}

async function makeSetupToken(): Promise<void> {
  const listed = await mustRun('wrangler', ['secret', 'list', '--format', 'json'])
  if (/"name":\s*"SETUP_TOKEN"/.test(listed)) return
  const given = process.env.SETUP_TOKEN
  const token = given || randomBytes(32).toString('base64url')
  await mustRun('wrangler', ['secret', 'put', 'SETUP_TOKEN'], { input: token })
  if (!given) console.log(`SETUP_TOKEN, shown this once, makes tenants: ${token}`)
}

async function main(): Promise<void> {
  if (process.argv.includes('--dry-run')) {
    await mustRun('wrangler', ['deploy', '--dry-run', '--outdir', 'dist/worker'], { show: true })
    console.log('\nWith an account, the first time:')
    for (const [index, { title }] of order(true).entries()) console.log(`${index + 1}. ${title}`)
    return
  }
  for (const { title, work } of order(!(await haveAll(databases)))) {
    console.log(`\n== ${title}`)
    await work()
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
