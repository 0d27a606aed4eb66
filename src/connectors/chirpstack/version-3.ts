import { fromBase64 } from '../../codec/base64.ts'
import { type Fields, fields, label, list, text } from '../lns/fields.ts'

/**
 * An event of ChirpStack v3 in the words of v4. There the device stands beside the event, ids are hex or base64, and the
 * decoder's object may be text. What is none of v3 stays as it is.
 */
export function fromVersion3(body: Fields): Fields {
  const { devEUI, deviceName, applicationID } = body
  if (body.deviceInfo !== undefined || (label(devEUI) ?? label(deviceName)) === undefined) return body
  const { devAddr, object = parsed(body.objectJSON), rxInfo, error, type } = body
  const deviceInfo = {
    devEui: toHex(devEUI, 8),
    deviceName,
    applicationId: typeof applicationID === 'number' ? String(applicationID) : applicationID,
    deviceProfileName: body.deviceProfileName,
  }
  return {
    ...body,
    deviceInfo,
    ...(body.time === undefined && { time: body.publishedAt }),
    ...(object !== undefined && { object }),
    ...(devAddr !== undefined && { devAddr: toHex(devAddr, 4) }),
    ...(rxInfo !== undefined && { rxInfo: list(rxInfo).map(toReception) }),
    ...(body.fCntDown === undefined && body.acknowledged !== undefined && { fCntDown: body.fCnt }),
    ...(error !== undefined && { level: 'ERROR', code: type, description: error }),
    ...(body.dr === undefined && { dr: fields(body.txInfo).dr }),
  }
}

function toReception(value: unknown): Fields {
  const { gatewayID, loRaSNR, timeSinceGPSEpoch, ...rest } = fields(value)
  return { ...rest, gatewayId: toHex(gatewayID, 8), snr: loRaSNR, timeSinceGpsEpoch: timeSinceGPSEpoch }
}

function toHex(id: unknown, length: number): string | undefined {
  const given = label(id)
  const isHex = given !== undefined && /^(?:[0-9a-f]{2}[\s:.-]?)+$/i.test(given)
  const bytes = given === undefined || isHex ? undefined : fromBase64(given)
  if (bytes?.length !== length) return given
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function parsed(json: unknown): unknown {
  const written = text(json)
  try {
    return written === undefined ? undefined : (JSON.parse(written) as unknown)
  } catch {
    return undefined
  }
}
