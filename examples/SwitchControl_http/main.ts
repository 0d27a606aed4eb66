// Switches four channels as the platform desires, and confirms what it did. See README.md.
const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '750' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const attributes = `${BASE_URL}/api/v1/${DEVICE_TOKEN}/attributes`
const keys = ['channel1', 'channel2', 'channel3', 'channel4']
/** Stop after so many changes. */
const most = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

interface Row {
  readonly key: string
  readonly value: unknown
  readonly scope: string
}

const switched: Record<string, unknown> = {}
let changes = 0

/** What stands here is what the platform wants; a device that was off finds it when it is back. */
async function desired(): Promise<Row[]> {
  const response = await fetch(`${attributes}/flat?scope=SHARED&keys=${keys.join(',')}`)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Row[]
}

/** The same key as a client attribute: the app compares the two. */
async function confirm(key: string, value: unknown): Promise<void> {
  const response = await fetch(attributes, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ [key]: value }),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

while (changes < most) {
  try {
    for (const { key, value, scope } of await desired()) {
      if (scope !== 'SHARED' || switched[key] === value) continue
      await confirm(key, value)
      switched[key] = value
      changes++
      console.log(key, '→', value)
    }
  } catch (error) {
    console.log(String(error))
  }
  await new Promise((wake) => setTimeout(wake, Number(INTERVAL_MS)))
}

export {}
