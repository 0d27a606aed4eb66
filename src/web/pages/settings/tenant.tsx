import { getTenant } from '../../api/endpoints.ts'
import { Copy } from '../../ui/copy.tsx'
import { Loaded } from '../../ui/loaded.tsx'
import { Time } from '../../ui/time.tsx'
import { useLoad } from '../../use-load.ts'

export function TenantPart() {
  const tenant = useLoad(() => getTenant(), [])
  return (
    <Loaded of={tenant}>
      {({ tenantId, name, plan, createdAt }) => (
        <section class="card" aria-label="Tenant">
          <dl class="facts">
            <dt>Name</dt>
            <dd>{name}</dd>
            <dt>Tenant id</dt>
            <dd class="row">
              <code>{tenantId}</code>
              <Copy text={tenantId} label="Copy tenant id" kind="quiet" isIcon />
            </dd>
            <dt>Plan</dt>
            <dd>{plan}</dd>
            <dt>Since</dt>
            <dd>
              <Time at={createdAt} />
            </dd>
          </dl>
        </section>
      )}
    </Loaded>
  )
}
