/** A simulated device, as the registry knows it. */
export interface SimDevice {
  readonly id: string
  readonly name: string
  readonly token: string
  readonly devEui: string
}

export type SimValues = Readonly<Record<string, number | boolean | string>>

/** One reading. Its device's clock gave `ts`, once: sending it again is harmless. */
export interface SimReading {
  readonly ts: number
  readonly values: SimValues
}

/** What the server said of the readings of one message. What stands in neither list was not acknowledged. */
export interface Outcome {
  readonly accepted: readonly SimReading[]
  readonly rejected: readonly { readonly reading: SimReading; readonly code: string }[]
  /** How often it was told to come again, or did not get through. */
  readonly retries: number
  /** Of the last attempt, in ms. */
  readonly latency: number
}

export interface Sender {
  /** Resolves when the server has answered, or no time is left at `deadline` (epoch ms). Never rejects. */
  send(device: SimDevice, readings: readonly SimReading[], deadline: number): Promise<Outcome>
  close(): Promise<void>
}

/** One way in, as a value. A new one is a file in ways/ and a line in ways/index.ts. */
export interface Way {
  readonly id: string
  /** Readings that one message carries; a device collects them first. */
  readonly perMessage: number
  /** It is no device that speaks, but a server that has the tenant's webhook secret. */
  readonly speaksForTenant?: true
  open(baseUrl: string, access: Access): Promise<Sender>
}

export interface Access {
  readonly tenantId: string
  /** Absent: ways that need it are left out. */
  readonly webhookSecret?: string
}
