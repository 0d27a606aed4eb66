// npm run fuzz [-- packets seed]: random and mutated packets to MQTT connections. Ends at the first thing that may not
// be, and if memory grows.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fuzz } from '../test/mqtt/connection/fuzzing.ts'

const [packets = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
const mostGrowthMb = 8

setFlagsFromString('--expose-gc')
const collect: unknown = runInNewContext('gc')

function heapMb(): number {
  if (typeof collect === 'function') collect()
  return process.memoryUsage().heapUsed / 1024 / 1024
}

/** After what is compiled and filled once. */
await fuzz(20_000, Number(seed) + 1)
const before = heapMb()
const start = performance.now()
const report = await fuzz(Number(packets), Number(seed), (done) => {
  console.log(`${String(done).padStart(8)} packets  heap ${heapMb().toFixed(1)} MB`)
})
const seconds = (performance.now() - start) / 1000
const growth = heapMb() - before

for (const [reply, times] of Object.entries(report.replies).sort()) console.log(`${String(times).padStart(8)} ${reply}`)
console.log(
  `${report.packets} packets to ${report.connections} connections in ${seconds.toFixed(1)} s, seed ${seed}: ` +
    `nothing was thrown, every reply could be read; heap ${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB`,
)
if (growth > mostGrowthMb) {
  console.error(`The heap grew by more than ${mostGrowthMb} MB.`)
  process.exit(1)
}
