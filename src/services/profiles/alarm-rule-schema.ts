import * as z from 'zod'
import {
  type AlarmRule,
  operators,
  ruleAttributeScopes,
  severities,
  triggerModes,
  valueTypes,
} from '../../domain/alarm/rule.ts'
import { limits } from '../../domain/limits.ts'

const seconds = z.number().min(0).max(limits.ruleSeconds)
const key = z.string().min(1).max(limits.keyLength)

const condition = {
  operator: z.enum(operators).default('>'),
  threshold: z.union([z.number(), z.boolean(), z.string().max(limits.keyLength)]).default(0),
  thresholdAttribute: key.optional(),
}

/** As existing profiles hold them: what older ones do not name has its default. */
export const alarmRuleSchema = z
  .object({
    ruleId: z.string().min(1).max(limits.keyLength),
    schemaVersion: z.literal(2).default(2),
    name: z.string().trim().min(1).max(limits.nameLength),
    enabled: z.boolean().default(true),
    triggerMode: z.enum(triggerModes).default('VALUE'),
    sourceType: z.enum(['TELEMETRY', 'ATTRIBUTE']).default('TELEMETRY'),
    key: z.string().max(limits.keyLength).default(''),
    valueType: z.enum(valueTypes).default('NUMBER'),
    attributeScope: z.enum(ruleAttributeScopes).default('ANY'),
    severityStages: z
      .array(z.object({ severity: z.enum(severities), ...condition, durationSec: seconds.default(0) }))
      .min(1)
      .max(severities.length),
    clearCondition: z.object(condition).optional(),
    hysteresis: z.number().min(0).default(0),
    policies: z
      .object({
        clearAfterSec: seconds.default(0),
        retriggerSec: seconds.default(0),
        noUpdateSec: seconds.min(1).optional(),
        requireFirstSample: z.boolean().optional(),
      })
      .default({ clearAfterSec: 0, retriggerSec: 0 }),
  })
  .superRefine((rule: AlarmRule, { addIssue }) => {
    const wrong = (path: string[], message: string) => addIssue({ code: 'custom', path, message })
    if (rule.triggerMode !== 'OFFLINE' && rule.key === '') wrong(['key'], 'Which key is looked at?')
    if (rule.triggerMode === 'NO_UPDATE' && rule.policies.noUpdateSec === undefined)
      wrong(['policies', 'noUpdateSec'], 'How long may the key stay away?')
    if (rule.triggerMode === 'NO_UPDATE' && rule.sourceType !== 'TELEMETRY')
      wrong(['sourceType'], 'Only telemetry is waited for.')
    const kinds = { NUMBER: 'number', STRING: 'string', BOOLEAN: 'boolean' } as const
    const conditions = [...rule.severityStages, ...(rule.clearCondition ? [rule.clearCondition] : [])]
    if (rule.triggerMode !== 'VALUE') return
    for (const { operator, threshold } of conditions) {
      const kind: string = typeof threshold
      if (kind !== kinds[rule.valueType]) wrong(['severityStages'], `A threshold is a ${kinds[rule.valueType]} here.`)
      const isOrder = operator !== '==' && operator !== '!=' && operator !== 'contains'
      if (rule.valueType === 'BOOLEAN' && (isOrder || operator === 'contains'))
        wrong(['severityStages'], 'A boolean is == or !=.')
      if (rule.valueType === 'NUMBER' && operator === 'contains')
        wrong(['severityStages'], 'A number contains nothing.')
    }
  })

export const alarmRulesSchema = z
  .array(alarmRuleSchema)
  .max(limits.alarmRules)
  .refine((rules) => new Set(rules.map(({ ruleId }) => ruleId)).size === rules.length, 'Two rules have one ruleId.')

/** How a key is shown. Thresholds and what is stored are in the device's own numbers. */
export const profileKeysSchema = z
  .record(
    key,
    z.object({
      label: z.string().max(limits.nameLength).optional(),
      unit: z.string().max(32).optional(),
      decimals: z.number().int().min(0).max(10).optional(),
      scale: z.number().optional(),
      offset: z.number().optional(),
    }),
  )
  .refine((keys) => Object.keys(keys).length <= limits.keysPerReading, `At most ${limits.keysPerReading} keys.`)
