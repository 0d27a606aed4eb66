import { CircleCheck, TriangleAlert } from 'lucide-preact'
import { useEffect, useState } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import type { DeviceDetail } from '../api/types.ts'
import { Button } from '../ui/button.tsx'
import { Time } from '../ui/time.tsx'
import { sendTest } from './send-test.ts'
import type { Way } from './snippet.ts'
import { type Arrivals, wayOf } from './use-arrivals.ts'

interface WaitingProps {
  readonly arrivals: Arrivals
  readonly way: Way
  readonly token: string
  readonly device: DeviceDetail
  readonly onClose: () => void
}

const checklistAfterMs = 60_000
const names: Readonly<Record<Way, string>> = { http: 'HTTP', mqtt: 'MQTT', websocket: 'WebSocket', lora: 'webhook' }

/** Waits, turns green with the first message, amber with one that was refused. */
export function WaitingLine({ arrivals, way, token, device, onClose }: WaitingProps) {
  const { route } = useLocation()
  const [isLong, setLong] = useState(false)
  const [fault, setFault] = useState<string | undefined>(undefined)
  const [isBusy, setBusy] = useState(false)
  const { last } = arrivals
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), checklistAfterMs)
    return () => clearTimeout(timer)
  }, [])
  async function test() {
    setBusy(true)
    setFault(undefined)
    arrivals.expect(way === 'lora' ? 'http' : way)
    await sendTest(way, token).catch((error: unknown) =>
      setFault(error instanceof Error ? error.message : 'The test could not be sent.'),
    )
    setBusy(false)
  }
  return (
    <div class="status-line stack">
      <div role="status">
        <Standing last={last} />
      </div>
      {fault !== undefined && (
        <p class="notice bad" role="alert">
          The test did not arrive: {fault}
        </p>
      )}
      {isLong && last === undefined && <Checklist />}
      <footer class="actions">
        <Button isBusy={isBusy} onClick={() => void test()}>
          Send a test from here
        </Button>
        {last?.kind === 'received' && (
          <Button
            kind="primary"
            onClick={() => {
              onClose()
              route(`/devices/${device.deviceId}`)
            }}
          >
            Open chart
          </Button>
        )}
      </footer>
    </div>
  )
}

function Standing({ last }: Pick<Arrivals, 'last'>) {
  if (!last) {
    return (
      <div class="notice wait">
        <span class="dot" aria-hidden="true" />
        <div>Waiting for the first message…</div>
      </div>
    )
  }
  if (last.kind === 'received') {
    return (
      <div class="notice ok">
        <CircleCheck aria-hidden="true" />
        <div>
          <strong>Received{last.way && ` over ${names[last.way]}`}</strong>{' '}
          <span class="hint">
            <Time at={last.at} />
          </span>
          <p>
            <code>{JSON.stringify(last.reading.values)}</code>
          </p>
        </div>
      </div>
    )
  }
  const { event } = last
  const way = wayOf(event.connector)
  return (
    <div class="notice warn">
      <TriangleAlert aria-hidden="true" />
      <div>
        <strong>It arrived{way && ` over ${names[way]}`}, and was refused</strong>
        <p>{event.detail}</p>
        {event.raw && (
          <p>
            <code>{atob(event.raw).slice(0, 200)}</code>
          </p>
        )}
      </div>
    </div>
  )
}

function Checklist() {
  return (
    <section class="notice" aria-label="Checklist">
      <div>
        <strong>Nothing yet. Check, in this order:</strong>
        <ol>
          <li>Press “Send a test from here”: when it arrives, this side works and the device is the one to look at.</li>
          <li>
            Does the device reach this host? It needs DNS, the right time for TLS, and port 443 open to the outside.
          </li>
          <li>Is it the token, all of it? An answer 401 means that it is not; the device id is not the token.</li>
          <li>Is the payload JSON, with double quotes around names? What is refused shows here in amber.</li>
        </ol>
      </div>
    </section>
  )
}
