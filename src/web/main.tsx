import { render } from 'preact'
import { App } from './app.tsx'
import { resumeSession } from './session.ts'
import { restoreTheme } from './theme.ts'

restoreTheme()
await resumeSession()
const root = document.getElementById('app')
if (root) render(<App />, root)
