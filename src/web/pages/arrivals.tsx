import { useState } from 'preact/hooks'
import { useLocation } from 'preact-iso/router'
import { ApiError } from '../api/client.ts'
import { acceptInvitation, lookAtInvitation, resetPassword, setUp } from '../api/people.ts'
import { enterAsPerson } from '../session.ts'
import { Loaded } from '../ui/loaded.tsx'
import { OwnEmail } from '../ui/own-email.tsx'
import { Password } from '../ui/password.tsx'
import { useLoad } from '../use-load.ts'
import { Door } from './door.tsx'

/** The first person of an installation, who owns its first tenant. */
export function SetUpPage() {
  const { route } = useLocation()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [setupToken, setSetupToken] = useState('')
  const [needsToken, setNeedsToken] = useState(false)
  return (
    <Door
      title="Create the owner account"
      action="Create account"
      below={
        <p class="hint">
          <a href="/">Sign in instead</a>
        </p>
      }
      onSubmit={async () => {
        try {
          await setUp({ email: email.trim(), password, tenantName: 'My tenant' }, setupToken.trim())
        } catch (error) {
          if (error instanceof ApiError && error.status === 401) {
            setNeedsToken(true)
            return 'Enter the SETUP_TOKEN of this installation; npm run deploy showed it.'
          }
          throw error
        }
        const fault = await enterAsPerson()
        if (fault === undefined) route('/devices', true)
        return fault
      }}
    >
      <OwnEmail value={email} onChange={setEmail} />
      <Password
        label="Password"
        value={password}
        onChange={setPassword}
        autocomplete="new-password"
        hint="Ten characters or more; a few words do well."
      />
      {needsToken && <Password label="SETUP_TOKEN" value={setupToken} onChange={setSetupToken} autocomplete="off" />}
    </Door>
  )
}

/** Behind "#" it reaches no server's log. */
const tokenInAddress = () => location.hash.slice(1)

export function InvitationPage() {
  const [token] = useState(tokenInAddress)
  const invitation = useLoad(() => lookAtInvitation(token), [token])
  const [password, setPassword] = useState('')
  const { route } = useLocation()
  return (
    <Loaded of={invitation}>
      {({ email, role, tenantName, hasAccount }) => (
        <Door
          title={`Join ${tenantName}`}
          action="Join"
          below={
            hasAccount && (
              <p class="hint">If you are not signed in as {email} yet, sign in first, then open the link again.</p>
            )
          }
          onSubmit={async () => {
            await acceptInvitation(hasAccount ? { token } : { token, password })
            const fault = await enterAsPerson()
            if (fault === undefined) route('/devices', true)
            return fault
          }}
        >
          <p>
            {email} is invited as {role}.
          </p>
          {!hasAccount && (
            <Password
              label="Choose a password"
              value={password}
              onChange={setPassword}
              autocomplete="new-password"
              hint="Ten characters or more; a few words do well."
              isFirst
            />
          )}
        </Door>
      )}
    </Loaded>
  )
}

export function ResetPasswordPage() {
  const [token] = useState(tokenInAddress)
  const [password, setPassword] = useState('')
  const { route } = useLocation()
  return (
    <Door
      title="Set a new password"
      action="Set password"
      onSubmit={async () => {
        await resetPassword({ token, password })
        const fault = await enterAsPerson()
        if (fault === undefined) route('/devices', true)
        return fault
      }}
    >
      <Password
        label="New password"
        value={password}
        onChange={setPassword}
        autocomplete="new-password"
        hint="Ten characters or more. Wherever you are signed in, you are signed out."
        isFirst
      />
    </Door>
  )
}
