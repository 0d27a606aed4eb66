import { useState } from 'preact/hooks'
import { getWebhooks, updateDevice } from '../api/endpoints.ts'
import type { DeviceDetail } from '../api/types.ts'
import { faultsOf } from '../pages/device-fields.tsx'
import { Button } from '../ui/button.tsx'
import { Copy } from '../ui/copy.tsx'
import { Fault } from '../ui/fault.tsx'
import { Field } from '../ui/field.tsx'
import { Loaded } from '../ui/loaded.tsx'
import { toast } from '../ui/toast.tsx'
import { useLoad } from '../use-load.ts'
import type { Place } from './place.ts'

interface LoraPanelProps {
  readonly device: DeviceDetail
  readonly place: Place
  readonly onChanged: (device: DeviceDetail) => void
}

export function LoraPanel({ device, onChanged }: LoraPanelProps) {
  const webhooks = useLoad(() => getWebhooks(), [])
  return (
    <>
      <DevEui device={device} onChanged={onChanged} />
      <Loaded of={webhooks}>
        {({ webhooks: urls, secret }) => (
          <dl class="facts">
            {urls.map(({ title, url }) => (
              <>
                <dt>{title}</dt>
                <dd class="row">
                  <code>{url}</code>
                  <Copy text={url} label={`Copy URL for ${title}`} kind="quiet" isIcon />
                </dd>
              </>
            ))}
            <dt>X-Webhook-Secret</dt>
            <dd class="row">
              {secret ? <code>••••{secret.lastFour}</code> : <span class="badge warn">There is none yet</span>}
              <a href="/settings/integrations">Tenant Settings → LoRa & integration webhooks</a>
            </dd>
          </dl>
        )}
      </Loaded>
    </>
  )
}

function DevEui({ device, onChanged }: Omit<LoraPanelProps, 'place'>) {
  const stored = device.integration.lorawan.dev_eui ?? ''
  const [text, setText] = useState(stored)
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const fault = faultsOf(error).dev_eui
  async function save(event: Event) {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      const lorawan = { dev_eui: text.trim() || null }
      const saved = await updateDevice(device.deviceId, { integration: { lorawan } })
      onChanged({ ...device, ...saved })
      setText(saved.integration.lorawan.dev_eui ?? '')
      toast('DevEUI saved')
    } catch (thrown) {
      setError(thrown)
    }
    setBusy(false)
  }
  return (
    <form onSubmit={(event) => void save(event)}>
      <Field label="LoRa DevEUI" error={fault} hint="By it the network server's messages find this device.">
        {(attributes) => (
          <div class="row">
            <input
              {...attributes}
              class="mono grow"
              value={text}
              placeholder="70B3D57ED0001234"
              autocomplete="off"
              spellcheck={false}
              onInput={(event) => setText(event.currentTarget.value)}
            />
            <Button type="submit" isBusy={isBusy} disabled={text.trim().toLowerCase() === stored.toLowerCase()}>
              Save
            </Button>
          </div>
        )}
      </Field>
      {error !== undefined && fault === undefined && <Fault error={error} />}
    </form>
  )
}
