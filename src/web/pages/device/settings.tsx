import { useState } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { deleteDevice, rotateToken, updateDevice } from '../../api/endpoints.ts'
import { Button } from '../../ui/button.tsx'
import { Copy, Secret } from '../../ui/copy.tsx'
import { Confirm } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { DeviceFields, draftOf, faultsOf, toInput } from '../device-fields.tsx'
import type { PartProps } from './part.ts'

export function SettingsPart({ device, onChanged }: PartProps) {
  return (
    <div class="columns">
      <General device={device} onChanged={onChanged} />
      <div class="stack">
        <Credentials device={device} onChanged={onChanged} />
        <Danger device={device} />
      </div>
    </div>
  )
}

const minuteMs = 60_000

function General({ device, onChanged }: Omit<PartProps, 'feed'>) {
  const [draft, setDraft] = useState(() => draftOf(device))
  const [minutes, setMinutes] = useState(String(device.inactivityTimeoutMs / minuteMs))
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const faults = faultsOf(error)
  async function save(event: Event) {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      const inactivityTimeoutMs = Math.round(Number(minutes) * minuteMs)
      const saved = await updateDevice(device.deviceId, { ...toInput(draft), inactivityTimeoutMs })
      onChanged({ ...device, ...saved })
      toast('Saved')
    } catch (thrown) {
      setError(thrown)
    }
    setBusy(false)
  }
  return (
    <form class="card" onSubmit={(event) => void save(event)} noValidate>
      <h2>General</h2>
      <DeviceFields draft={draft} onChange={setDraft} faults={faults} />
      <Field
        label="Offline after, in minutes"
        error={faults.inactivityTimeoutMs}
        hint="Without a message for so long the device counts as offline."
      >
        {(attributes) => (
          <input
            {...attributes}
            type="number"
            min="0.5"
            step="any"
            value={minutes}
            onInput={(event) => setMinutes(event.currentTarget.value)}
          />
        )}
      </Field>
      {error !== undefined && Object.keys(faults).length === 0 && <Fault error={error} />}
      <footer class="actions">
        <Button kind="primary" type="submit" isBusy={isBusy}>
          Save
        </Button>
      </footer>
    </form>
  )
}

function Credentials({ device, onChanged }: Omit<PartProps, 'feed'>) {
  const [isAsking, setAsking] = useState(false)
  return (
    <section class="card" aria-labelledby="credentials">
      <h2 id="credentials">Credentials</h2>
      <div class="stack">
        <h3>Device token</h3>
        {device.token === undefined ? (
          <p class="hint">Your key may not see tokens. Ask for one with the scope “write”.</p>
        ) : (
          <Secret text={device.token} name="token" hasQr />
        )}
        <h3>Device id</h3>
        <div class="secret">
          <code>{device.deviceId}</code>
          <Copy text={device.deviceId} label="Copy id" />
        </div>
        <p class="hint">The id names the device in the REST interface. It is not its token and opens nothing.</p>
      </div>
      <footer class="actions">
        <Button onClick={() => setAsking(true)}>Rotate token…</Button>
      </footer>
      {isAsking && (
        <Confirm
          title="Rotate the token?"
          action="Rotate token"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            onChanged({ ...device, ...(await rotateToken(device.deviceId)) })
            toast('The device has a new token')
          }}
        >
          <p>
            The device gets a new token and the old one is refused at once: <strong>{device.name}</strong> stays away
            until the new one is in it.
          </p>
        </Confirm>
      )}
    </section>
  )
}

function Danger({ device: { deviceId, name, childCount = 0 } }: Pick<PartProps, 'device'>) {
  const { route } = useLocation()
  const [isAsking, setAsking] = useState(false)
  return (
    <section class="card" aria-labelledby="danger">
      <h2 id="danger">Delete</h2>
      <p class="hint">The device goes at once, with its readings, attributes and commands. This cannot be undone.</p>
      <footer class="actions">
        <Button onClick={() => setAsking(true)}>Delete device…</Button>
      </footer>
      {isAsking && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete device"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            await deleteDevice(deviceId)
            toast(`${name} was deleted`)
            route('/devices', true)
          }}
        >
          <p>Its readings are removed for good. {childCount > 0 && 'Give its children another parent first.'}</p>
        </Confirm>
      )}
    </section>
  )
}
