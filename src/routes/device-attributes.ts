import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { codecFor } from '../codec/codec-for.ts'
import { isObject } from '../connectors/native-document.ts'
import { type Attribute, type AttributeScope, readAttributeChanges } from '../domain/attribute.ts'
import { AppError, fromFault } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import { emptyRecord } from '../domain/telemetry.ts'
import { childOrSelf } from '../pipeline/authorise.ts'
import { recordRefusal } from '../pipeline/record-events.ts'
import { countMessage } from '../services/rate-gate.ts'
import type { AppEnv } from './app-env.ts'
import { scopeSchema } from './attributes.ts'
import { readBody } from './body.ts'
import { pipelineContext, speakingDevice } from './device-door.ts'
import { describe, type Operation, validate } from './operation.ts'

const base = {
  tag: 'Device',
  permission: 'device',
  errors: ['unauthenticated', 'forbidden', 'child_not_found', 'validation_rejected', 'quota_exceeded', 'unavailable'],
} satisfies Partial<Operation>

const flatRow = z.object({ key: z.string(), value: z.unknown(), scope: z.enum(['SHARED', 'CLIENT']) })

/** What a device asks for: an app's own attributes are not its business. */
async function readOwn(c: Context<AppEnv>, scopes: readonly AttributeScope[]): Promise<Attribute[]> {
  const speaker = await speakingDevice(c)
  await countMessage(c.env.DEVICE_RATE, speaker.deviceId, 'attribute_polls_per_minute')
  const device = await childOrSelf(pipelineContext(c), speaker, c.req.query('childDeviceId'))
  return c.var.world.platform.device(device.deviceId).attributes(device, scopes, 'device')
}

function listed(text: string | undefined): string[] | undefined {
  return text ? text.split(',').flatMap((key) => key.trim() || []) : undefined
}

/** Also as ThingsBoard devices ask: only the keys named, where any are. */
async function getAttributes(c: Context<AppEnv>): Promise<Response> {
  const asked = { client: listed(c.req.query('clientKeys')), shared: listed(c.req.query('sharedKeys')) }
  const isAll = !asked.client && !asked.shared
  const answer = { client: emptyRecord<unknown>(), shared: emptyRecord<unknown>() }
  for (const { scope, key, value } of await readOwn(c, ['client', 'shared'])) {
    if (scope !== 'server' && (isAll || asked[scope]?.includes(key))) answer[scope][key] = value
  }
  return c.json(answer)
}

/** A bare array: old clients reject anything else, and skip rows of another scope. */
async function getFlat(c: Context<AppEnv>): Promise<Response> {
  const scope = validate(scopeSchema, c.req.query('scope') ?? 'shared', 'query') as AttributeScope
  if (scope === 'server') throw new AppError('forbidden', { detail: 'Server attributes are for apps only.' })
  const keys = listed(c.req.query('keys'))
  const found = await readOwn(c, [scope])
  const rows = found.filter(({ key }) => !keys || keys.includes(key))
  return c.json(rows.map(({ key, value }) => ({ key, value, scope: scope.toUpperCase() })))
}

async function postAttributes(c: Context<AppEnv>): Promise<Response> {
  const speaker = await speakingDevice(c)
  await countMessage(c.env.DEVICE_RATE, speaker.deviceId, 'attribute_writes_per_minute')
  const contentType = c.req.header('content-type') ?? 'application/json'
  let bytes = new Uint8Array()
  try {
    const codec = codecFor(contentType)
    if (!codec) throw new AppError('unsupported_media_type', { detail: 'Send application/json or application/cbor.' })
    bytes = (await readBody(c, limits.bodyBytes)) as Uint8Array<ArrayBuffer>
    await saveClient(c, speaker, codec.decode(bytes))
  } catch (error) {
    if (error instanceof AppError) {
      const event = { platform: c.var.world.platform, connector: 'attributes', speaker, at: Date.now() }
      await recordRefusal(event, { bytes, contentType }, error)
    }
    throw error
  }
  return c.json({ success: true })
}

/** Flat; a gateway names its child beside the attributes, or beside an envelope `attributes`. */
async function saveClient(c: Context<AppEnv>, speaker: DeviceIdentity, document: unknown): Promise<void> {
  const { childDeviceId, ...flat } = isObject(document) ? document : {}
  const isForChild = childDeviceId !== undefined
  const device = await childOrSelf(pipelineContext(c), speaker, isForChild ? String(childDeviceId) : undefined)
  const attributes = isForChild && isObject(flat.attributes) ? flat.attributes : flat
  const changes = readAttributeChanges(isForChild ? attributes : document)
  const fault = await c.var.world.platform.device(device.deviceId).saveAttributes(device, 'client', changes, 'device')
  if (fault) throw fromFault(fault)
}

export const deviceAttributeRoutes = new Hono<AppEnv>()
  .get(
    '/api/v1/:deviceToken/attributes',
    describe(
      {
        ...base,
        id: 'device-attributes',
        summary: "The device's client and shared attributes; clientKeys and sharedKeys choose",
        response: z.object({ client: z.looseObject({}), shared: z.looseObject({}) }),
      },
      getAttributes,
    ),
  )
  .post(
    '/api/v1/:deviceToken/attributes',
    describe(
      {
        ...base,
        id: 'save-client-attributes',
        summary: 'What the device confirms or tells of itself: a flat object, kept as client attributes',
        json: z.looseObject({}),
        consumes: ['application/json', 'application/cbor'],
        response: z.object({ success: z.literal(true) }),
      },
      postAttributes,
    ),
  )
  .get(
    '/api/v1/:deviceToken/attributes/flat',
    describe(
      {
        ...base,
        id: 'device-attributes-flat',
        summary: 'Attributes of one scope as a bare array',
        response: z.array(flatRow),
      },
      getFlat,
    ),
  )
