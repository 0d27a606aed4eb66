import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { lookAtOnboarding, signIn } from '../api/people.ts'
import { enterAsPerson, signInWithKey } from '../session.ts'
import { OwnEmail } from '../ui/own-email.tsx'
import { Password } from '../ui/password.tsx'
import { Door } from './door.tsx'

/** People by e-mail and password; an API key opens the same pages for whoever has only that. */
export function SignInPage() {
  const [withKey, setWithKey] = useState(false)
  const other = (
    <button type="button" class="link" onClick={() => setWithKey(!withKey)}>
      {withKey ? 'Sign in with e-mail and password' : 'Use an API key instead'}
    </button>
  )
  return withKey ? <ByKey beside={other} /> : <ByPassword beside={other} />
}

interface Beside {
  readonly beside: ComponentChildren
}

function ByPassword({ beside }: Beside) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [isNobodyHere, setNobodyHere] = useState(false)
  useEffect(() => {
    void lookAtOnboarding().then(
      ({ isPossible }) => setNobodyHere(isPossible),
      () => undefined,
    )
  }, [])
  return (
    <Door
      title="Sign in"
      action="Sign in"
      onSubmit={async () => {
        if (email.trim() === '' || password === '') return 'Enter your e-mail and your password.'
        await signIn({ email: email.trim(), password })
        return enterAsPerson()
      }}
      below={
        <>
          <p class="hint">{beside}</p>
          {isNobodyHere && (
            <p class="hint">
              Nobody is here yet. <a href="/setup">Create the owner account</a>
            </p>
          )}
        </>
      }
    >
      <OwnEmail value={email} onChange={setEmail} />
      <Password label="Password" value={password} onChange={setPassword} autocomplete="current-password" />
    </Door>
  )
}

function ByKey({ beside }: Beside) {
  const [key, setKey] = useState('')
  return (
    <Door
      title="Sign in"
      action="Sign in"
      onSubmit={async () => (key.trim() === '' ? 'Paste an API key.' : signInWithKey(key))}
      below={
        <>
          <p class="hint">{beside}</p>
          <p class="hint">
            <code>npm start</code> prints a key of the demo tenant.
          </p>
        </>
      }
    >
      <Password
        label="API key"
        value={key}
        onChange={setKey}
        autocomplete="off"
        hint="Kept in this tab until it is closed."
        isFirst
      />
    </Door>
  )
}
