import { ArrowDown, ArrowUp, Router as GatewayIcon } from 'lucide-preact'
import type { Sort } from '../api/endpoints.ts'
import type { Device } from '../api/types.ts'
import { PresenceMark } from '../ui/presence.tsx'
import { Time } from '../ui/time.tsx'

interface DeviceTableProps {
  readonly items: readonly Device[]
  readonly sort?: Sort
  readonly onSort?: (sort: Sort) => void
}

export function DeviceTable({ items, sort, onSort }: DeviceTableProps) {
  const sorting = sort && onSort ? { sort, onSort } : undefined
  return (
    <div class="card flush">
      <table class="table cards">
        <thead>
          <tr>
            <SortHead label="Name" by="name" first="name" {...sorting} />
            <th scope="col">Type</th>
            <th scope="col">State</th>
            <SortHead label="Last seen" by="lastSeen" first="-lastSeen" {...sorting} />
            <th scope="col">DevEUI</th>
          </tr>
        </thead>
        <tbody>
          {items.map((device) => (
            <DeviceRow key={device.deviceId} device={device} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function DeviceRow({ device }: { readonly device: Device }) {
  const { deviceId, name, label, deviceType, isGateway, parentGatewayId, lastActivityTs, integration } = device
  return (
    <tr>
      <td>
        <span class="device-name">
          <a href={`/devices/${deviceId}`}>{name}</a>
          {isGateway && (
            <span class="badge">
              <GatewayIcon aria-hidden="true" />
              Gateway
            </span>
          )}
          {parentGatewayId && <span class="badge">Child</span>}
          {label && <small>{label}</small>}
        </span>
      </td>
      <td data-label="Type">{deviceType}</td>
      <td data-label="State">
        <PresenceMark of={device} />
      </td>
      <td data-label="Last seen">
        {lastActivityTs === null ? <span class="muted">–</span> : <Time at={lastActivityTs} />}
      </td>
      <td data-label="DevEUI">
        {integration.lorawan.dev_eui ? <code>{integration.lorawan.dev_eui}</code> : <span class="muted">–</span>}
      </td>
    </tr>
  )
}

interface SortHeadProps {
  readonly label: string
  readonly by: 'name' | 'lastSeen'
  /** The direction of the first click. */
  readonly first: Sort
  readonly sort?: Sort
  readonly onSort?: (sort: Sort) => void
}

function SortHead({ label, by, first, sort, onSort }: SortHeadProps) {
  if (!onSort) return <th scope="col">{label}</th>
  const isOn = sort === by || sort === `-${by}`
  const isDown = sort === `-${by}`
  const next: Sort = isOn ? (isDown ? by : `-${by}`) : first
  return (
    <th scope="col" aria-sort={isOn ? (isDown ? 'descending' : 'ascending') : 'none'}>
      <button type="button" class="sort" onClick={() => onSort(next)}>
        {label}
        {isOn && (isDown ? <ArrowDown aria-hidden="true" /> : <ArrowUp aria-hidden="true" />)}
      </button>
    </th>
  )
}
