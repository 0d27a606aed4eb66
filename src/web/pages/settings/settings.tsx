import { useRoute } from 'preact-iso/router'
import { may, useSession } from '../../session.ts'
import { NavTabs, Page } from '../../ui/page.tsx'
import { AccountPart } from './account.tsx'
import { AuditPart } from './audit.tsx'
import { IntegrationsPart } from './integrations.tsx'
import { KeysPart } from './keys.tsx'
import { MembersPart } from './members.tsx'
import { TenantPart } from './tenant.tsx'

const allParts = [
  { id: 'integrations', label: 'LoRa & integration webhooks', part: IntegrationsPart },
  { id: 'keys', label: 'API keys', part: KeysPart },
  { id: 'members', label: 'Members', part: MembersPart },
  { id: 'audit', label: 'Audit', part: AuditPart },
  { id: 'tenant', label: 'Tenant', part: TenantPart },
  { id: 'account', label: 'Your account', part: AccountPart },
] as const
const lastPart = allParts[4]

export function SettingsPage() {
  const { params } = useRoute()
  const isPerson = useSession()?.kind === 'person'
  const parts = allParts.filter(({ id }) => (id === 'account' ? isPerson : id === 'tenant' || may('admin')))
  const { id, part: Part } = parts.find(({ id }) => id === params.part) ?? parts[0] ?? lastPart
  const pathOf = (part: string) => `/settings/${part}`
  return (
    <Page title="Tenant Settings">
      <NavTabs
        label="Tenant Settings"
        current={pathOf(id)}
        tabs={parts.map(({ id, label }) => ({ path: pathOf(id), label }))}
      />
      <Part />
    </Page>
  )
}
