// npm run bench -- [section …] [--quick] [--json]
// Figures of a shared machine are noisy: compare within one run only. Ends with 0 unless something answered an error.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { runHttp } from './http.ts'
import { runLive } from './live.ts'
import { runLoss } from './loss.ts'
import { runMqtt } from './mqtt.ts'
import { hasErrors, printSection, type Section } from './report.ts'

const sections: Readonly<Record<string, (quick: boolean) => Promise<Section>>> = {
  http: runHttp,
  loss: runLoss,
  live: runLive,
  mqtt: runMqtt,
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  })
  const names = positionals.length > 0 ? positionals : Object.keys(sections)
  const unknown = names.find((name) => !Object.hasOwn(sections, name))
  if (unknown !== undefined) {
    console.error(`There is no section "${unknown}"; there are ${Object.keys(sections).join(', ')}.`)
    process.exit(2)
  }
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
  if (!values.json) console.log(machine)
  const results: Section[] = []
  for (const name of names) {
    const section = await (sections[name] as (quick: boolean) => Promise<Section>)(values.quick)
    results.push(section)
    if (!values.json) printSection(section)
  }
  if (values.json) console.log(JSON.stringify({ machine, sections: results }, null, 2))
  if (results.some(hasErrors)) process.exitCode = 1
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
})
