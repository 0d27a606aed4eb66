import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readFirstFrame } from '../../src/device-socket/first-frame.ts'
import { parseFrame } from '../../src/device-socket/parse-frame.ts'
import { AppError } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'

const utf8 = (text: string) => new TextEncoder().encode(text).buffer as ArrayBuffer
const parse = (frame: unknown) => parseFrame(JSON.stringify(frame))

function faultOf(act: () => unknown): AppError {
  try {
    act()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a telemetry frame', () => {
  it('keeps its text, its time and its mark', () => {
    const raw = '{"type":"telemetry","data":{"a":1},"ts":5,"id":7}'
    expect(parseFrame(raw)).toEqual({ type: 'telemetry', data: { a: 1 }, ts: 5, id: 7, raw })
    expect(parseFrame(utf8(raw))).toEqual(parseFrame(raw))
  })

  it('takes __proto__ as a key like any other', () => {
    const frame = parseFrame('{"type":"telemetry","data":{"__proto__":{"x":1}}}')
    expect(frame.type === 'telemetry' && Object.keys(frame.data)).toEqual(['__proto__'])
  })

  it.each([undefined, null, 1, 'text', true])('refuses %j as data', (data) => {
    const { reason, detail } = faultOf(() => parse({ type: 'telemetry', data }))
    expect(reason).toBe('field_invalid')
    expect(detail).toContain('"data"')
  })
})

describe('the other frames', () => {
  it('say what they mean', () => {
    expect(parse({ type: 'auth', deviceToken: 't' })).toEqual({ type: 'auth', deviceToken: 't' })
    expect(parse({ type: 'ping', id: 'x' })).toEqual({ type: 'ping', id: 'x' })
    expect(parse({ type: 'get_attributes' })).toEqual({ type: 'get_attributes', scope: 'shared' })
    expect(parse({ type: 'get_attributes', scope: 'Client', keys: 'a, b,' })).toEqual({
      type: 'get_attributes',
      scope: 'client',
      keys: ['a', 'b'],
    })
    expect(parse({ type: 'get_attributes', scope: 'SHARED', keys: ['a'] })).toMatchObject({ keys: ['a'] })
  })

  it('hold attributes one at a time or several, whatever they are called', () => {
    const changesOf = (text: string) => {
      const frame = parseFrame(text)
      return frame.type === 'client_attribute' ? Object.entries(frame.changes) : []
    }
    expect(changesOf('{"type":"client_attribute","key":"a","value":null}')).toEqual([['a', null]])
    expect(changesOf('{"type":"client_attribute","key":"__proto__","value":1}')).toEqual([['__proto__', 1]])
    expect(changesOf('{"type":"client_attribute","data":{"__proto__":1,"b":[]}}')).toEqual([
      ['__proto__', 1],
      ['b', []],
    ])
    expect(parse({ type: 'client_attribute', key: 'a', value: 1, childDeviceId: 'c' })).toMatchObject({
      childDeviceId: 'c',
    })
  })

  it.each([
    [
      { success: true, x: 1 },
      { success: true, x: 1 },
    ],
    [{ result: { x: 1 } }, { x: 1 }],
    [{ data: { x: 1 } }, { x: 1 }],
    [{ response: { x: 1 } }, { x: 1 }],
    [{ result: 'on' }, { result: 'on' }],
    [
      { success: false, data: { x: 1 } },
      { success: false, data: { x: 1 } },
    ],
    [{}, {}],
  ])('answer a command with %j', (fields, body) => {
    const frame = parse({ type: 'rpc_response', requestId: 7, childDeviceId: 'c', id: 1, ...fields })
    expect(frame).toEqual({ type: 'rpc_response', requestId: '7', childDeviceId: 'c', id: 1, body })
  })

  it.each([
    [{ type: 'auth' }, '"deviceToken"'],
    [{ type: 'auth', deviceToken: 1 }, '"deviceToken"'],
    [{ type: 'client_attribute', key: 'a' }, 'key and its value'],
    [{ type: 'client_attribute', data: {} }, 'key and its value'],
    [{ type: 'client_attribute', data: [1] }, '"data"'],
    [{ type: 'client_attribute', key: 'a', value: 1, childDeviceId: 1 }, '"childDeviceId"'],
    [{ type: 'get_attributes', scope: 'SERVER' }, '"scope"'],
    [{ type: 'get_attributes', keys: [1] }, '"keys"'],
    [{ type: 'rpc_response', success: true }, '"requestId"'],
    [{ type: 'subscribe' }, '"subscribe"'],
    [{ type: 'constructor' }, '"constructor"'],
    [{ type: 5 }, '"type"'],
  ])('%j is refused with what is wrong, and with its mark', (frame, words) => {
    const { code, reason, detail, members } = faultOf(() => parse({ ...frame, id: 'mark' }))
    expect({ code, reason, members }).toEqual({
      code: 'validation_rejected',
      reason: 'field_invalid',
      members: { id: 'mark' },
    })
    expect(detail).toContain(words)
    expect(detail).not.toContain('undefined')
  })
})

describe('a mark', () => {
  it.each(['a', 'x'.repeat(128), 0, -1, 1.5, Number.MAX_SAFE_INTEGER])('may be %j', (id) => {
    expect(parse({ type: 'ping', id })).toEqual({ type: 'ping', id })
  })

  it.each(['""', `"${'x'.repeat(129)}"`, '9007199254740993', '1e999', 'true', '{}', '[]'])('is never %s', (id) => {
    const { reason, members } = faultOf(() => parseFrame(`{"type":"ping","id":${id}}`))
    expect(reason).toBe('field_invalid')
    expect(members).toBeUndefined()
  })
})

describe('a message', () => {
  it('is refused with the reason', () => {
    expect(faultOf(() => parseFrame('{"type":')).reason).toBe('json_syntax')
    expect(faultOf(() => parseFrame('')).reason).toBe('json_syntax')
    expect(faultOf(() => parseFrame(Uint8Array.of(0x22, 0xff).buffer)).reason).toBe('json_encoding')
    expect(faultOf(() => parse([1])).reason).toBe('not_an_object')
  })

  it('may have exactly as many bytes as the limit says', () => {
    const of = (bytes: number, character = 'x') => {
      const head = '{"type":"ping","pad":"'
      const room = bytes - head.length - 2
      const width = utf8(character).byteLength
      return `${head}${character.repeat(Math.floor(room / width))}${'x'.repeat(room % width)}"}`
    }
    for (const character of ['x', '€']) {
      const most = of(limits.frameBytes, character)
      expect(utf8(most).byteLength).toBe(limits.frameBytes)
      expect(parseFrame(most)).toEqual({ type: 'ping' })
      expect(parseFrame(utf8(most))).toEqual({ type: 'ping' })
      const more = of(limits.frameBytes + 1, character)
      for (const message of [more, utf8(more)])
        expect(faultOf(() => parseFrame(message)).code).toBe('payload_too_large')
    }
  })

  it('throws nothing but an AppError, whatever it holds', () => {
    const frame = fc.record(
      {
        type: fc.constantFrom('auth', 'telemetry', 'client_attribute', 'get_attributes', 'rpc_response', 'ping', 1),
        data: fc.jsonValue(),
        key: fc.jsonValue(),
        value: fc.jsonValue(),
        keys: fc.jsonValue(),
        scope: fc.jsonValue(),
        requestId: fc.jsonValue(),
        id: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    const message = fc.oneof(
      fc.string(),
      fc.json(),
      frame.map((value) => JSON.stringify(value)),
      fc.uint8Array(),
    )
    fc.assert(
      fc.property(message, (text) => {
        try {
          parseFrame(typeof text === 'string' ? text : (text.slice().buffer as ArrayBuffer))
        } catch (error) {
          expect(error).toBeInstanceOf(AppError)
        }
      }),
      { numRuns: 500 },
    )
    expect(faultOf(() => parseFrame('['.repeat(200_000))).reason).toBe('json_syntax')
  })
})

describe('the first frame of the generic address', () => {
  it('names the token', () => {
    expect(readFirstFrame('{"type":"auth","deviceToken":"abc"}')).toEqual({ token: 'abc' })
  })

  it('is nothing else', () => {
    expect(faultOf(() => readFirstFrame('{"type":"telemetry","data":{"a":1}}')).code).toBe('validation_rejected')
    expect(faultOf(() => readFirstFrame('{"type":"auth"}')).code).toBe('validation_rejected')
    expect(faultOf(() => readFirstFrame('hello')).code).toBe('payload_malformed')
    const long = JSON.stringify({ type: 'auth', deviceToken: 'x'.repeat(limits.firstFrameBytes) })
    expect(faultOf(() => readFirstFrame(long)).code).toBe('payload_too_large')
    expect(faultOf(() => readFirstFrame(utf8(long))).code).toBe('payload_too_large')
  })
})
