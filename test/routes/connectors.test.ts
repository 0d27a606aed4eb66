import type { Connector } from '../../src/connectors/connector.ts'
import { connectors } from '../../src/connectors/index.ts'
import { connectorContract, socketContract } from '../contracts/connector.ts'

for (const connector of connectors as readonly Connector[]) {
  if (connector.door.kind === 'http' && connector.speaker === 'device_token') connectorContract(connector)
  if (connector.door.kind === 'websocket') socketContract(connector)
}
