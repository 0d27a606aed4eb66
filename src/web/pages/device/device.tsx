import { ChevronLeft, Router as GatewayIcon, PlugZap } from 'lucide-preact'
import { useEffect, useState } from 'preact/hooks'
import lazy from 'preact-iso/lazy'
import { useLocation, useRoute } from 'preact-iso/router'
import { getDevice } from '../../api/endpoints.ts'
import type { DeviceDetail } from '../../api/types.ts'
import { type Feed, useFeed, useMessages } from '../../live/use-feed.ts'
import { Button } from '../../ui/button.tsx'
import { Loaded } from '../../ui/loaded.tsx'
import { NavTabs, Page } from '../../ui/page.tsx'
import { PresenceMark } from '../../ui/presence.tsx'
import { Time } from '../../ui/time.tsx'
import { useInterval, useLoad } from '../../use-load.ts'
import { AttributesPart } from './attributes.tsx'
import { ChildrenPart } from './children.tsx'
import { CommandsPart } from './commands.tsx'
import { EventsPart } from './events.tsx'
import { OverviewPart } from './overview.tsx'
import type { PartProps } from './part.ts'
import { SettingsPart } from './settings.tsx'

const CheckConnectivity = lazy(() =>
  import('../../connect/check-connectivity.tsx').then(({ CheckConnectivity }) => CheckConnectivity),
)

const parts = [
  { id: 'overview', label: 'Overview', part: OverviewPart },
  { id: 'attributes', label: 'Attributes', part: AttributesPart },
  { id: 'commands', label: 'Commands', part: CommandsPart },
  { id: 'events', label: 'Events', part: EventsPart },
  { id: 'children', label: 'Children', part: ChildrenPart },
  { id: 'settings', label: 'Settings', part: SettingsPart },
] as const

export function DevicePage() {
  const { params } = useRoute()
  return <OneDevice key={params.id} id={params.id ?? ''} partId={params.part ?? 'overview'} />
}

function OneDevice({ id, partId }: { readonly id: string; readonly partId: string }) {
  const device = useLoad((signal) => getDevice(id, signal), [id])
  const feed = useFeed(id)
  useInterval(() => void device.reload(), 15_000, device.data !== undefined)
  const { data, set } = device
  useMessages(
    feed,
    (message) => {
      if (!data) return
      if (message.type === 'readings') set({ ...data, lastActivityTs: Date.now() })
      else if (message.type === 'event') void device.reload()
    },
    [data],
  )
  if (!data) {
    return (
      <Page title="Device" before={<Crumb />}>
        <Loaded of={device}>{() => null}</Loaded>
      </Page>
    )
  }
  return <Known device={data} feed={feed} partId={partId} onChanged={set} />
}

interface KnownProps extends PartProps {
  readonly partId: string
}

function Known({ device, feed, partId, onChanged }: KnownProps) {
  const { query, path, route } = useLocation()
  const [isChecking, setChecking] = useState(query.check === '1')
  useEffect(() => {
    if (query.check === '1') route(path, true)
  }, [query.check])
  const shown = parts.filter(({ id }) => id !== 'children' || device.isGateway)
  const { part: Part, id } = shown.find(({ id }) => id === partId) ?? parts[0]
  const base = `/devices/${device.deviceId}`
  const pathOf = (id: string) => (id === 'overview' ? base : `${base}/${id}`)
  return (
    <Page
      title={device.name}
      before={<Crumb />}
      beside={<Standing device={device} feed={feed} />}
      actions={
        <span data-key="c">
          <Button kind="primary" onClick={() => setChecking(true)}>
            <PlugZap aria-hidden="true" />
            Check connectivity
          </Button>
        </span>
      }
    >
      <NavTabs
        label="Device"
        current={pathOf(id)}
        tabs={shown.map(({ id, label }) => ({
          path: pathOf(id),
          label: id === 'children' ? `${label} ${device.childCount ?? ''}` : label,
        }))}
      />
      <Part device={device} feed={feed} onChanged={onChanged} />
      {isChecking && (
        <CheckConnectivity device={device} feed={feed} onChanged={onChanged} onClose={() => setChecking(false)} />
      )}
    </Page>
  )
}

function Crumb() {
  return (
    <a class="crumb" href="/devices">
      <ChevronLeft aria-hidden="true" />
      Devices
    </a>
  )
}

const feedWords = { connecting: 'connecting…', live: 'live', reconnecting: 'reconnecting…' }

function Standing({ device, feed }: { readonly device: DeviceDetail; readonly feed: Feed }) {
  const { isGateway, parentGatewayId, lastActivityTs, connected } = device
  return (
    <span class="row">
      <PresenceMark of={device} />
      {lastActivityTs !== null && (
        <span class="hint">
          last seen <Time at={lastActivityTs} />
        </span>
      )}
      {connected && <span class="badge ok">Connected</span>}
      {isGateway && (
        <span class="badge">
          <GatewayIcon aria-hidden="true" />
          Gateway
        </span>
      )}
      {parentGatewayId && (
        <a class="badge" href={`/devices/${parentGatewayId}`}>
          Parent gateway
        </a>
      )}
      <span class={feed.status === 'live' ? 'badge ok' : 'badge warn'}>{feedWords[feed.status]}</span>
    </span>
  )
}
