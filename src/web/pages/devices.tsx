import { Download, Plus, Search, Upload } from 'lucide-preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import lazy from 'preact-iso/lazy'
import { useLocation } from 'preact-iso/router'
import { type DeviceQuery, exportDevices, listDevices, listTypes, type Sort } from '../api/endpoints.ts'
import type { Device } from '../api/types.ts'
import { Button } from '../ui/button.tsx'
import { Pills } from '../ui/choice.tsx'
import { Empty, Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { toast } from '../ui/toast.tsx'
import { useInterval, useLoad } from '../use-load.ts'
import { useQuery } from '../use-query.ts'
import { CreateDevice } from './create-device.tsx'
import { DeviceTable } from './device-table.tsx'

const ImportDevices = lazy(() => import('./import-devices.tsx').then(({ ImportDevices }) => ImportDevices))

const filters = [
  { id: 'all', label: 'All' },
  { id: 'online', label: 'Online' },
  { id: 'offline', label: 'Offline' },
  { id: 'gateways', label: 'Gateways' },
] as const
type Filter = (typeof filters)[number]['id']

const pageSize = 50
const sorts: readonly Sort[] = ['name', '-name', 'lastSeen', '-lastSeen']

function toQuery({ q, show, type, sort }: Readonly<Record<string, string>>): DeviceQuery {
  return {
    ...(q && { search: q }),
    ...(show === 'online' && { online: true }),
    ...(show === 'offline' && { online: false }),
    ...(show === 'gateways' && { gateway: true }),
    ...(type && { deviceType: type }),
    sort: sorts.find((known) => known === sort) ?? 'name',
  }
}

export function DevicesPage() {
  const [query, change] = useQuery()
  const { route } = useLocation()
  const [open, setOpen] = useState<'create' | 'import' | undefined>(undefined)
  const [more, setMore] = useState<{ readonly items: readonly Device[]; readonly cursor: string | null }>()
  const asked = toQuery(query)
  const address = JSON.stringify(asked)
  const devices = useLoad((signal) => listDevices({ ...asked, limit: pageSize }, signal), [address])
  const types = useLoad(() => listTypes(), [])
  useEffect(() => setMore(undefined), [address])
  useInterval(() => void devices.reload(), 10_000, open === undefined && more === undefined)
  const isFiltered = Boolean(query.q || query.show || query.type)

  async function loadMore(cursor: string) {
    const next = await listDevices({ ...asked, limit: pageSize, cursor })
    setMore({ items: [...(more?.items ?? []), ...next.items], cursor: next.nextCursor })
  }
  return (
    <Page
      title="Devices"
      actions={
        <>
          <ExportButton />
          <Button onClick={() => setOpen('import')}>
            <Upload aria-hidden="true" />
            Import CSV
          </Button>
          <span data-key="n">
            <Button kind="primary" onClick={() => setOpen('create')}>
              <Plus aria-hidden="true" />
              New device
            </Button>
          </span>
        </>
      }
    >
      <div class="toolbar">
        <SearchBox value={query.q ?? ''} onChange={(q) => change({ q })} />
        <Pills<Filter>
          label="Show"
          options={filters}
          value={filters.find(({ id }) => id === query.show)?.id ?? 'all'}
          onChange={(show) => change({ show: show === 'all' ? undefined : show })}
        />
        {(types.data?.types.length ?? 0) > 1 && (
          <select
            aria-label="Type"
            value={query.type ?? ''}
            onChange={(event) => change({ type: event.currentTarget.value })}
          >
            <option value="">Every type</option>
            {types.data?.types.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        )}
      </div>
      <Loaded of={devices}>
        {({ items, nextCursor }) => {
          const cursor = more ? more.cursor : nextCursor
          if (items.length === 0) return isFiltered ? <NoMatch /> : <NoDevices onOpen={setOpen} />
          return (
            <>
              <DeviceTable
                items={[...items, ...(more?.items ?? [])]}
                sort={asked.sort ?? 'name'}
                onSort={(sort) => change({ sort: sort === 'name' ? undefined : sort })}
              />
              {cursor !== null && (
                <div class="row">
                  <Button onClick={() => void loadMore(cursor).catch(() => toast('No answer. Try again.'))}>
                    Show more
                  </Button>
                </div>
              )}
            </>
          )
        }}
      </Loaded>
      {open === 'create' && (
        <CreateDevice
          onClose={() => setOpen(undefined)}
          onCreated={({ deviceId }) => route(`/devices/${deviceId}?check=1`)}
        />
      )}
      {open === 'import' && (
        <ImportDevices onClose={() => setOpen(undefined)} onImported={() => void devices.reload()} />
      )}
    </Page>
  )
}

/** The address changes when typing pauses, so that not every letter asks the server. */
function SearchBox({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  const [text, setText] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  useEffect(() => setText(value), [value])
  function type(next: string) {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => onChange(next.trim()), 250)
  }
  return (
    <div class="search">
      <Search aria-hidden="true" />
      <input
        type="search"
        data-key="/"
        aria-label="Search name, label or DevEUI"
        placeholder="Search name, label or DevEUI"
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </div>
  )
}

function NoMatch() {
  return (
    <Empty title="Nothing matches">
      <a class="button" href="/devices">
        Clear search and filters
      </a>
    </Empty>
  )
}

function NoDevices({ onOpen }: { readonly onOpen: (what: 'create' | 'import') => void }) {
  return (
    <Empty title="No devices yet">
      <p>Make the first one: a name is enough. You get a token and a command that sends a reading.</p>
      <div class="row">
        <Button kind="primary" onClick={() => onOpen('create')}>
          New device
        </Button>
        <Button onClick={() => onOpen('import')}>Import CSV</Button>
      </div>
    </Empty>
  )
}

function ExportButton() {
  async function save() {
    const url = URL.createObjectURL(await exportDevices())
    const link = Object.assign(document.createElement('a'), { href: url, download: 'devices.csv' })
    link.click()
    URL.revokeObjectURL(url)
  }
  return (
    <Button
      kind="quiet"
      label="Export all devices as CSV"
      onClick={() => void save().catch(() => toast('The export failed. Try again.'))}
    >
      <Download aria-hidden="true" />
    </Button>
  )
}
