import type { Connector } from '../../src/connectors/connector.ts'
import { connectors } from '../../src/connectors/index.ts'
import { connectorContract, mqttContract, socketContract, webhookContract } from '../contracts/connector.ts'

for (const connector of connectors as readonly Connector[]) {
  if (connector.speaker === 'tenant_secret') {
    webhookContract(connector)
    continue
  }
  if (connector.door.kind === 'http') connectorContract(connector)
  if (connector.door.kind === 'websocket') socketContract(connector)
  if (connector.door.kind === 'mqtt') mqttContract(connector)
}
