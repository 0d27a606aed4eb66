import { useState } from 'preact/hooks'
import { getWebhooks, revokeSecret, rotateSecret, updateWebhooks } from '../../api/endpoints.ts'
import type { WebhookSettings, Webhooks } from '../../api/types.ts'
import { Button } from '../../ui/button.tsx'
import { Copy } from '../../ui/copy.tsx'
import { Confirm } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Check, Field } from '../../ui/field.tsx'
import { Loaded } from '../../ui/loaded.tsx'
import { ShownOnce } from '../../ui/shown-once.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'
import { Inbox } from './inbox.tsx'

export function IntegrationsPart() {
  const webhooks = useLoad(() => getWebhooks(), [])
  return (
    <Loaded of={webhooks}>
      {(data) => (
        <>
          <div class="columns">
            <SecretCard webhooks={data} onChanged={() => void webhooks.reload()} />
            <SettingsCard settings={data.settings} onChanged={webhooks.set} />
          </div>
          <section class="stack" aria-labelledby="servers">
            <h2 id="servers">What to enter at the server</h2>
            <div class="columns">
              {data.webhooks.map((webhook) => (
                <ServerCard key={webhook.connector} {...webhook} />
              ))}
            </div>
          </section>
          <Inbox onChanged={() => void webhooks.reload()} />
        </>
      )}
    </Loaded>
  )
}

interface SecretCardProps {
  readonly webhooks: Webhooks
  readonly onChanged: () => void
}

function SecretCard({ webhooks: { secret }, onChanged }: SecretCardProps) {
  const [made, setMade] = useState<string | undefined>(undefined)
  const [asking, setAsking] = useState<'rotate' | 'revoke' | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  async function make() {
    setError(undefined)
    const answer = await rotateSecret(false)
    setMade(answer.secret)
    onChanged()
  }
  async function revokePrevious() {
    await revokeSecret('previous').then(onChanged, setError)
  }
  return (
    <section class="card" aria-labelledby="secret">
      <h2 id="secret">Webhook secret</h2>
      {secret === null ? (
        <p>There is none yet. Network servers send it with every message, so that nobody else can.</p>
      ) : (
        <dl class="facts">
          <dt>Secret</dt>
          <dd>
            <code>••••••••{secret.lastFour}</code>
          </dd>
          <dt>Made</dt>
          <dd>
            <Time at={secret.createdAt} />
          </dd>
          <dt>Last used</dt>
          <dd>{secret.lastUsedAt === null ? 'never' : <Time at={secret.lastUsedAt} />}</dd>
          {secret.previousExpiresAt !== null && (
            <>
              <dt>The one before</dt>
              <dd class="row">
                <span>
                  is taken until <Time at={secret.previousExpiresAt} />
                </span>
                <Button onClick={() => void revokePrevious()}>Revoke it now</Button>
              </dd>
            </>
          )}
        </dl>
      )}
      {error !== undefined && <Fault error={error} />}
      <footer class="actions">
        {secret === null ? (
          <Button kind="primary" onClick={() => void make().catch(setError)}>
            Generate secret
          </Button>
        ) : (
          <>
            <Button onClick={() => setAsking('revoke')}>Revoke…</Button>
            <Button onClick={() => setAsking('rotate')}>Rotate…</Button>
          </>
        )}
      </footer>
      {asking === 'rotate' && (
        <Confirm
          title="Rotate the webhook secret?"
          action="Rotate secret"
          onClose={() => setAsking(undefined)}
          onConfirm={make}
        >
          <p>
            You get a new secret. The one in use now is taken for 24 hours more, so that you can change it at leisure.
          </p>
        </Confirm>
      )}
      {asking === 'revoke' && (
        <Confirm
          title="Revoke the webhook secret?"
          action="Revoke secret"
          onClose={() => setAsking(undefined)}
          onConfirm={async () => {
            await revokeSecret('all')
            toast('The webhook secret was revoked')
            onChanged()
          }}
        >
          <p>Every network server that uses it is refused at once, until it has a new one.</p>
        </Confirm>
      )}
      {made !== undefined && (
        <ShownOnce
          title="Your webhook secret"
          name="secret"
          text={made}
          note="Enter it as the header X-Webhook-Secret, or as password of basic authentication."
          onClose={() => setMade(undefined)}
        />
      )}
    </section>
  )
}

interface SettingsCardProps {
  readonly settings: WebhookSettings
  readonly onChanged: (webhooks: Webhooks) => void
}

function SettingsCard({ settings, onChanged }: SettingsCardProps) {
  const [error, setError] = useState<unknown>(undefined)
  async function save(change: Partial<WebhookSettings>) {
    setError(undefined)
    try {
      onChanged(await updateWebhooks(change))
      toast('Saved', async () => onChanged(await updateWebhooks(settings)))
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <section class="card" aria-labelledby="rules">
      <h2 id="rules">What becomes of messages</h2>
      <Field label="A device that is not known">
        {(attributes) => (
          <select
            {...attributes}
            value={settings.unknownDevices}
            onChange={(event) =>
              void save({ unknownDevices: event.currentTarget.value as WebhookSettings['unknownDevices'] })
            }
          >
            <option value="list">is listed below for approval</option>
            <option value="create">is made at once</option>
            <option value="refuse">is passed over</option>
          </select>
        )}
      </Field>
      <Field label="Payload of The Things Stack">
        {(attributes) => (
          <select
            {...attributes}
            value={settings.ttnPayload}
            onChange={(event) => void save({ ttnPayload: event.currentTarget.value as WebhookSettings['ttnPayload'] })}
          >
            <option value="decoded">decoded payload</option>
            <option value="normalized">normalized payload</option>
          </select>
        )}
      </Field>
      <Check
        label="Store radio facts beside the values"
        hint="lora_rssi, lora_snr, lora_f_cnt and others become keys of the device."
        checked={settings.radioFacts}
        onChange={(radioFacts) => void save({ radioFacts })}
      />
      {error !== undefined && <Fault error={error} />}
    </section>
  )
}

/** In the words of the server's own form. */
const forms: Readonly<Record<string, { readonly where: string; readonly url: string; readonly rest: string }>> = {
  ttn: {
    where: 'Your application → Integrations → Webhooks → + Add webhook → Custom webhook',
    url: 'Base URL',
    rest: 'Webhook format JSON. Enable Uplink message and leave every path empty.',
  },
  chirpstack: {
    where: 'Applications → your application → Integrations → HTTP → +',
    url: 'Event endpoint URL(s)',
    rest: 'Payload encoding JSON.',
  },
  generic: {
    where: 'Any server that sends HTTP',
    url: 'POST to',
    rest: 'A JSON body with deviceToken or externalDeviceId, and telemetry.',
  },
}

function ServerCard({ connector, title, url }: Webhooks['webhooks'][number]) {
  const form = forms[connector]
  return (
    <article class="card">
      <h3>{title}</h3>
      {form && <p class="hint">{form.where}</p>}
      <dl class="facts">
        <dt>{form?.url ?? 'URL'}</dt>
        <dd class="row">
          <code>{url}</code>
          <Copy text={url} label={`Copy URL for ${title}`} kind="quiet" isIcon />
        </dd>
        <dt>Header</dt>
        <dd>
          <code>X-Webhook-Secret</code>: the secret
        </dd>
      </dl>
      {form && <p class="hint">{form.rest}</p>}
    </article>
  )
}
