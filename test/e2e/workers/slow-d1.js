// The product's own classes on a TELEMETRY_0 that is slow or fails on demand:
//   PUT /_d1 {delayMs, failRate}   GET /_d1 → {statements, failures, mostLaneBytes}
import product, { DeviceObject as ProductDevice, TelemetryWriter as ProductWriter } from '../../../src/index.ts'

export * from '../../../src/index.ts'

const control = { delayMs: 0, failRate: 0 }
const seen = { statements: 0, failures: 0, mostLaneBytes: 0 }
const originals = new WeakMap()
const slowEnvs = new WeakMap()

/** A failure comes before the statement or, as often, after it: then it was done and nobody knows. */
async function slowly(statements, work) {
  seen.statements += statements
  if (control.delayMs > 0) await new Promise((wake) => setTimeout(wake, control.delayMs * statements))
  const chance = Math.random() / control.failRate
  if (chance < 0.5) fail()
  const result = await work()
  if (chance < 1) fail()
  return result
}

function fail() {
  seen.failures++
  throw new Error('D1_ERROR: Network connection lost.')
}

function slowStatement(statement) {
  const slow = {
    bind: (...values) => slowStatement(statement.bind(...values)),
    run: () => slowly(1, () => statement.run()),
    all: () => slowly(1, () => statement.all()),
    first: (...column) => slowly(1, () => statement.first(...column)),
    raw: (...options) => slowly(1, () => statement.raw(...options)),
  }
  originals.set(slow, statement)
  return slow
}

function slowDatabase(database) {
  return {
    prepare: (sql) => slowStatement(database.prepare(sql)),
    batch: (statements) => slowly(statements.length, () => database.batch(statements.map((s) => originals.get(s)))),
  }
}

function slowEnv(env) {
  let slow = slowEnvs.get(env)
  if (!slow) {
    slow = { ...env, TELEMETRY_0: slowDatabase(env.TELEMETRY_0) }
    slowEnvs.set(env, slow)
  }
  return slow
}

export class DeviceObject extends ProductDevice {
  constructor(ctx, env) {
    super(ctx, slowEnv(env))
  }
}

export class TelemetryWriter extends ProductWriter {
  #bytes = 0

  constructor(ctx, env) {
    super(ctx, slowEnv(env))
  }

  /** What a lane refuses it answers before the next call is delivered: whatever is open then is what it holds. */
  async append(groups) {
    seen.mostLaneBytes = Math.max(seen.mostLaneBytes, this.#bytes)
    const bytes = groups.flatMap(({ rows }) => rows).reduce((sum, { json }) => sum + json.length, 0)
    this.#bytes += bytes
    try {
      return await super.append(groups)
    } finally {
      this.#bytes -= bytes
    }
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== '/_d1') return product.fetch(request, slowEnv(env), ctx)
    if (request.method === 'PUT') {
      Object.assign(control, await request.json())
      Object.assign(seen, { statements: 0, failures: 0, mostLaneBytes: 0 })
    }
    return Response.json(seen)
  },
}
