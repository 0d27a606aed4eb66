import { useEffect, useState } from 'preact/hooks'
import lazy, { ErrorBoundary } from 'preact-iso/lazy'
import { LocationProvider, Route, Router, useLocation } from 'preact-iso/router'
import { DevicesPage } from './pages/devices.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { useSession } from './session.ts'
import { Shell } from './shell.tsx'
import { Button } from './ui/button.tsx'
import { Empty } from './ui/loaded.tsx'
import { Page } from './ui/page.tsx'
import { Toasts } from './ui/toast.tsx'

const DevicePage = lazy(() => import('./pages/device/device.tsx').then(({ DevicePage }) => DevicePage))
const SettingsPage = lazy(() => import('./pages/settings/settings.tsx').then(({ SettingsPage }) => SettingsPage))
const arrivals = () => import('./pages/arrivals.tsx')
const SetUpPage = lazy(() => arrivals().then(({ SetUpPage }) => SetUpPage))
const InvitationPage = lazy(() => arrivals().then(({ InvitationPage }) => InvitationPage))
const ResetPasswordPage = lazy(() => arrivals().then(({ ResetPasswordPage }) => ResetPasswordPage))
const DocsPage = lazy(() => import('./pages/docs.tsx').then(({ DocsPage }) => DocsPage))

export function App() {
  const session = useSession()
  return (
    <LocationProvider>
      {session ? (
        <Shell session={session}>
          <Pages />
        </Shell>
      ) : (
        <Doors />
      )}
      <Toasts />
    </LocationProvider>
  )
}

/** Before one is signed in every address leads to the sign-in, and on to where it was. */
function Doors() {
  return (
    <ErrorBoundary>
      <Router>
        <Route path="/setup" component={SetUpPage} />
        <Route path="/invitation" component={InvitationPage} />
        <Route path="/reset-password" component={ResetPasswordPage} />
        <Route default component={SignInPage} />
      </Router>
    </ErrorBoundary>
  )
}

function Pages() {
  const [failed, setFailed] = useState(false)
  if (failed) return <Broken />
  return (
    <ErrorBoundary onError={() => setFailed(true)}>
      <Router>
        <Route path="/" component={GoToDevices} />
        <Route path="/devices" component={DevicesPage} />
        <Route path="/devices/:id/:part?" component={DevicePage} />
        <Route path="/settings/:part?" component={SettingsPage} />
        <Route path="/docs" component={DocsPage} />
        <Route path="/invitation" component={InvitationPage} />
        <Route path="/setup" component={GoToDevices} />
        <Route default component={NoSuchPage} />
      </Router>
    </ErrorBoundary>
  )
}

function GoToDevices() {
  const { route } = useLocation()
  useEffect(() => route('/devices', true), [])
  return null
}

function NoSuchPage() {
  return (
    <Page title="No such page">
      <Empty title="Nothing is at this address">
        <a class="button" href="/devices">
          Go to Devices
        </a>
      </Empty>
    </Page>
  )
}

/** A part that could not be loaded: mostly, a new version was put in place of this one. */
function Broken() {
  return (
    <Page title="This page could not be shown">
      <Empty title="There may be a new version">
        <p>Reload to get it. If this happens again, tell who runs this installation.</p>
        <Button kind="primary" onClick={() => location.reload()}>
          Reload
        </Button>
      </Empty>
    </Page>
  )
}
