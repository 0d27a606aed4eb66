import { describe, expect, it } from 'vitest'
import { readTarget } from '../../src/domain/outgoing-target.ts'

const isTaken = (url: string, allowsLoopback = false) => 'url' in readTarget(url, allowsLoopback)

describe('a request of ours', () => {
  it.each([
    'https://eu1.cloud.thethings.network/api',
    'https://lns.example.com:8443/x',
    'https://93.184.216.34/x',
    'https://100.63.0.1/x',
    'https://172.15.0.1/x',
    'https://[2606:4700::1111]/x',
    'https://10.example.com/x',
  ])('may go to %s', (url) => {
    expect(isTaken(url)).toBe(true)
    expect(isTaken(url, true)).toBe(true)
  })

  it.each([
    'http://eu1.cloud.thethings.network/api',
    'ftp://lns.example.com/x',
    'https://user:word@lns.example.com/x',
    'https://user@lns.example.com/x',
    'https://0.0.0.0/x',
    'https://10.1.2.3/x',
    'https://0x0a010203/x',
    'https://167838211/x',
    'https://100.64.0.1/x',
    'https://169.254.169.254/x',
    'https://172.16.0.1/x',
    'https://172.31.255.255/x',
    'https://192.168.0.1/x',
    'https://192.0.0.8/x',
    'https://198.18.0.1/x',
    'https://224.0.0.1/x',
    'https://255.255.255.255/x',
    'https://[fe80::1]/x',
    'https://[fc00::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://[64:ff9b::a00:1]/x',
    'https://[2002:a00:1::]/x',
    'https://[2001::1]/x',
    'https://[::]/x',
    'https://lns/x',
    'https://lns.local/x',
    'https://lns.internal./x',
    'not a url',
    '',
  ])('may not go to %s', (url) => {
    expect(isTaken(url)).toBe(false)
    expect(isTaken(url, true)).toBe(false)
  })

  it.each([
    'http://127.0.0.1:9/x',
    'http://localhost:9/x',
    'https://sub.localhost/x',
    'http://[::1]:9/x',
    'http://2130706433/x',
  ])('may go to %s beside a test only', (url) => {
    expect(isTaken(url)).toBe(false)
    expect(isTaken(url, true)).toBe(true)
  })
})
