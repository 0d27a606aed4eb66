import { useState } from 'preact/hooks'
import { getCatalog, getTenant } from '../api/endpoints.ts'
import type { Catalog, DeviceDetail, Tenant } from '../api/types.ts'
import type { Feed } from '../live/use-feed.ts'
import { Tabs } from '../ui/choice.tsx'
import { Secret } from '../ui/copy.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { useLoad } from '../use-load.ts'
import { LoraPanel } from './lora-panel.tsx'
import { placeOf } from './place.ts'
import type { Way } from './snippet.ts'
import { SnippetPanel } from './snippet-panel.tsx'
import { snippetsOf } from './snippets.ts'
import { useArrivals } from './use-arrivals.ts'
import { WaitingLine } from './waiting-line.tsx'

export interface CheckProps {
  readonly device: DeviceDetail
  readonly feed: Feed
  readonly onChanged: (device: DeviceDetail) => void
  readonly onClose: () => void
}

const wayTitles: Readonly<Record<Way, string>> = {
  http: 'HTTP',
  mqtt: 'MQTT',
  websocket: 'WebSocket',
  lora: 'LoRa / webhook',
}

/** As the registry of connectors has them: a way that is not offered has no tab. */
function waysOf({ transports }: Catalog): Way[] {
  const has = (isIt: (one: Catalog['transports'][number]) => boolean) => transports.some(isIt)
  const device = ['http', 'mqtt', 'websocket'] as const
  const ways: Way[] = device.filter((way) => has((one) => one.transport === way && one.auth.type === 'device_token'))
  return has((one) => one.auth.type === 'webhook_secret') ? [...ways, 'lora'] : ways
}

export function CheckConnectivity(props: CheckProps) {
  const known = useLoad(() => Promise.all([getCatalog(), getTenant()]), [])
  return (
    <Dialog title="Check connectivity" onClose={props.onClose} isWide>
      <Loaded of={known}>
        {([catalog, tenant]) =>
          props.device.token === undefined ? (
            <p class="notice warn">Your key may not see device tokens. Sign in with one of the scope “write”.</p>
          ) : (
            <Ways {...props} catalog={catalog} tenant={tenant} token={props.device.token} />
          )
        }
      </Loaded>
    </Dialog>
  )
}

interface WaysProps extends CheckProps {
  readonly catalog: Catalog
  readonly tenant: Tenant
  readonly token: string
}

function Ways({ device, feed, onChanged, onClose, catalog, tenant, token }: WaysProps) {
  const ways = waysOf(catalog)
  const [way, setWay] = useState<Way>(ways[0] ?? 'http')
  const arrivals = useArrivals(feed)
  const devEui = device.integration.lorawan.dev_eui ?? ''
  const place = placeOf(catalog, { token, devEui }, tenant.tenantId)
  const snippets = snippetsOf(place).filter((snippet) => snippet.way === way)
  const options = ways.map((id) => ({
    id,
    label: (
      <>
        {wayTitles[id]}
        {arrivals.ways.has(id) && <span class="badge ok">✓ received</span>}
      </>
    ),
  }))
  return (
    <>
      <div class="token-line">
        <span class="hint">Device token</span>
        <Secret text={token} name="token" hasQr />
      </div>
      <div>
        <Tabs<Way> label="Way in" options={options} value={way} onChange={setWay}>
          {way === 'lora' && <LoraPanel device={device} place={place} onChanged={onChanged} />}
          <SnippetPanel key={way} way={way} place={place} snippets={snippets} />
        </Tabs>
      </div>
      <WaitingLine arrivals={arrivals} way={way} token={token} onClose={onClose} device={device} />
    </>
  )
}
