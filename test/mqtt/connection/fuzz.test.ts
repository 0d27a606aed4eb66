import { expect, it } from 'vitest'
import { fuzz } from './fuzzing.ts'

it('takes 20,000 random and mutated packets: nothing is thrown, and every reply can be read', async () => {
  const { packets, replies } = await fuzz(20_000, 20_261_124)
  expect(packets).toBeGreaterThanOrEqual(20_000)
  for (const kind of [
    'connack',
    'publish',
    'puback',
    'pubrec',
    'pubrel',
    'pubcomp',
    'suback',
    'unsuback',
    'pingresp',
  ]) {
    expect(replies[kind], kind).toBeGreaterThan(20)
  }
  for (const code of ['0x81', '0x82', '0x83', '0x87']) expect(replies[`disconnect ${code}`], code).toBeGreaterThan(0)
})
