import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csvLine, readCsv } from '../../src/codec/csv.ts'

const cellsOf = (text: string) => readCsv(text).rows.map(({ cells }) => ({ ...cells }))

describe('reading CSV', () => {
  it.each([
    ['comma', 'name,label\n"Pump, 1",a\n'],
    ['CRLF', 'name,label\r\n"Pump, 1",a\r\n'],
    ['a BOM', '\uFEFFname,label\r\n"Pump, 1",a'],
    ['semicolon', 'name;label\r\n"Pump, 1";a'],
    ['semicolon, unquoted commas', 'name;label\r\nPump, 1;a'],
    ['tab', 'name\tlabel\nPump, 1\ta'],
    ['a sep= line', 'sep=;\r\nname;label\r\nPump, 1;a'],
    ['spaces round names', ' name , label \n"Pump, 1",a'],
    ['empty lines', '\nname,label\n\n"Pump, 1",a\n,\n  \n'.trimStart()],
  ])('takes %s', (_, text) => {
    expect(cellsOf(text)).toEqual([{ name: 'Pump, 1', label: 'a' }])
  })

  it('keeps quotes and line breaks inside quoted cells', () => {
    expect(cellsOf('name,label\r\n"a ""b""","c\r\nd"\r\n')).toEqual([{ name: 'a "b"', label: 'c\r\nd' }])
  })

  it('reads the first of two columns with one name, and any name', () => {
    expect(cellsOf('a,a,,__proto__\n1,2,3,4')).toEqual([JSON.parse('{"a":"1","__proto__":"4"}')])
  })

  it('says which row could not be read', () => {
    const faults = (text: string) => readCsv(text).rows.map(({ fault }) => fault !== undefined)
    expect(faults('a,b\n1,2\n3,4,5\n6')).toEqual([false, true, false])
    expect(faults('a,b\n1,2\n"3,4\n5,6')).toEqual([false, true])
    expect(faults('a,b\n1,2\n\n"3"x,4\n')).toEqual([false, true])
  })

  it('takes an empty file', () => {
    expect(readCsv('')).toEqual({ header: [], rows: [] })
    expect(readCsv('name')).toEqual({ header: ['name'], rows: [] })
  })
})

describe('writing CSV', () => {
  it.each(['=1+1', '+1', '-5', '@SUM(A1)', '\tx', '\rx', '=cmd|"/c calc"!A1', '-2+3', "'=x"])(
    'leaves no formula in %j',
    (text) => {
      const line = csvLine([text, 'x'])
      expect(line.replace(/^"/, '')).toMatch(/^'/)
      expect(cellsOf(`a,b\r\n${line}`)).toEqual([{ a: text, b: 'x' }])
    },
  )

  it('leaves numbers and booleans as they are, and nothing for null', () => {
    expect(csvLine([-5, 1.5e-7, true, null, undefined])).toBe('-5,1.5e-7,true,,\r\n')
  })

  it('leaves plain text, arrays as JSON', () => {
    expect(csvLine(['a b', "it's", [1, 2]])).toBe('a b,it\'s,"[1,2]"\r\n')
  })

  it('gives back whatever was written', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.array(fc.constantFrom(...'=+-@\t\r\n\'",; ax')).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(cell, cell, (a, b) => {
        const text = csvLine(['a', 'b', 'c']) + csvLine([a, b, 'end'])
        expect(cellsOf(text)).toEqual([{ a, b, c: 'end' }])
      }),
    )
  })
})
