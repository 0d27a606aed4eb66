import { useState } from 'preact/hooks'
import { messageOf } from '../../api/client.ts'
import { changePassword, listSessions, revokeSession } from '../../api/people.ts'
import { Button } from '../../ui/button.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Loaded } from '../../ui/loaded.tsx'
import { Password } from '../../ui/password.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'

export function AccountPart() {
  return (
    <div class="columns">
      <ChangePassword />
      <Sessions />
    </div>
  )
}

function ChangePassword() {
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  async function change(event: Event) {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await changePassword({ current, password })
      setCurrent('')
      setPassword('')
      toast('Your password was changed')
    } catch (thrown) {
      setError(thrown)
    }
    setBusy(false)
  }
  return (
    <form class="card" onSubmit={(event) => void change(event)}>
      <h2>Password</h2>
      <Password label="Current password" value={current} onChange={setCurrent} autocomplete="current-password" />
      <Password
        label="New password"
        value={password}
        onChange={setPassword}
        autocomplete="new-password"
        hint="Every other session of yours ends."
      />
      {error !== undefined && <Fault error={error} />}
      <footer class="actions">
        <Button kind="primary" type="submit" isBusy={isBusy} disabled={current === '' || password === ''}>
          Change password
        </Button>
      </footer>
    </form>
  )
}

function Sessions() {
  const sessions = useLoad(() => listSessions(), [])
  async function end(id: string) {
    await revokeSession(id).catch((error: unknown) => toast(messageOf(error)))
    await sessions.reload()
  }
  return (
    <section class="card" aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <Loaded of={sessions}>
        {({ items }) =>
          items.map(({ id, isCurrent, userAgent, address, lastUsedAt }) => (
            <div class="row between" key={id}>
              <div class="grow">
                <p>{userAgent ?? 'An app'}</p>
                <p class="hint">
                  {address} · <Time at={lastUsedAt} />
                </p>
              </div>
              {isCurrent ? (
                <span class="badge ok">This one</span>
              ) : (
                <Button onClick={() => void end(id)}>Sign out</Button>
              )}
            </div>
          ))
        }
      </Loaded>
    </section>
  )
}
