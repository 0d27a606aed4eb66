import { csvLine } from '../../codec/csv.ts'
import { limits } from '../../domain/limits.ts'
import { listAlarms } from '../alarms/list-alarms.ts'
import { listAttributes } from '../attributes/list-attributes.ts'
import { listCommands } from '../commands/list-commands.ts'
import type { ServiceContext } from '../context.ts'
import { allReadings } from '../telemetry/all-readings.ts'
import { getDevice } from './get-device.ts'

interface Asked {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}

/**
 * Everything of a device, a JSON object a line: itself, its attributes, commands, alarms and readings.
 * @throws AppError device_not_found
 */
export async function* exportDevice({ ctx, input: { id } }: Asked): AsyncGenerator<string> {
  const { deviceId, ...device } = await getDevice({ ctx, input: { id } })
  yield line('device', { deviceId, ...device })
  for (const attribute of await listAttributes({ ctx, input: { id } })) yield line('attribute', attribute)
  for await (const command of allCommands(ctx, id)) yield line('command', command)
  for await (const alarm of allAlarms(ctx, deviceId)) yield line('alarm', alarm)
  for await (const { ts, values } of allReadings(ctx.telemetry, deviceId)) {
    yield line('reading', { ts, values: JSON.parse(values) as unknown })
  }
}

/** Its readings, a line a value: keys may change over the years. @throws AppError device_not_found */
export async function* exportReadings({ ctx, input: { id } }: Asked): AsyncGenerator<string> {
  const { deviceId } = await getDevice({ ctx, input: { id } })
  yield csvLine(['time', 'ts', 'key', 'value'])
  for await (const { ts, values } of allReadings(ctx.telemetry, deviceId)) {
    const time = new Date(ts).toISOString()
    const entries = Object.entries(JSON.parse(values) as Record<string, unknown>)
    if (entries.length > 0) yield entries.map(([key, value]) => csvLine([time, ts, key, value])).join('')
  }
}

async function* allCommands(ctx: ServiceContext, id: string) {
  let before: string | undefined
  for (;;) {
    const page = await listCommands({ ctx, input: { id, before, limit: limits.pageSizeMax } })
    yield* page
    if (page.length < limits.pageSizeMax) return
    before = page.at(-1)?.id
  }
}

async function* allAlarms(ctx: ServiceContext, deviceId: string) {
  let cursor: string | undefined
  do {
    const page = await listAlarms({ ctx, input: { deviceId, cursor, limit: limits.pageSizeMax } })
    yield* page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

function line(kind: string, row: object): string {
  return `${JSON.stringify({ kind, ...row })}\n`
}
