import { riskTierSchema, type JudgedEffect } from '@cs/contracts';
import type { EffectPolicy } from '@cs/automation-application';
import type { CedarValueJson, Context, EntityJson, EntityUidJson } from '@cedar-policy/cedar-wasm/nodejs';
import { definedMembers } from '@cs/kernel';

/** What the engine is asked about an effect. */
export interface EffectRequest {
  readonly principal: EntityUidJson;
  readonly action: EntityUidJson;
  readonly resource: EntityUidJson;
  readonly context: Context;
  readonly entities: EntityJson[];
}

/** Decimals of the engine: four digits after the point, 64 bits in all. */
const maxDecimal = 900_000_000_000_000;
const isDecimal = ([, value]: readonly [string, number]): boolean => Math.abs(value) <= maxDecimal;
/** Beyond the fourth digit away from zero, so that nothing seems smaller than it is. */
const decimal = (value: number): string => {
  const scaled = value * 10_000;
  const whole = Math.abs(scaled - Math.round(scaled)) < 1e-6 ? Math.round(scaled) : Math.sign(value) * Math.ceil(Math.abs(scaled));
  return (whole / 10_000).toFixed(4);
};

const numbersUid = { type: 'Numbers', id: 'arguments' };
const textsUid = { type: 'Texts', id: 'arguments' };

const entity = (uid: { readonly type: string; readonly id: string }, tags: Readonly<Record<string, CedarValueJson>> = {}): EntityJson => ({ uid, attrs: {}, parents: [], tags });

const knownTier = (tier: string | undefined): string | undefined => (riskTierSchema.safeParse(tier).success ? tier : undefined);

/** The request that stands for an effect, and everything that policies can ask about it. */
export const effectRequest = ({ denied_risk_tiers, denied_data_classes }: EffectPolicy, effect: JudgedEffect): EffectRequest => {
  const { automation_id, node_id, action_kind, data_classes, requested_by, trigger_type, numbers, texts, is_partial, phase, tool, method, host } = effect;
  const decimals = Object.entries(numbers).filter(isDecimal);
  return {
    principal: { type: 'Automation', id: automation_id }, action: { type: 'Action', id: 'start' }, resource: { type: 'Node', id: node_id },
    context: {
      action_kind, data_classes: [...data_classes], trigger_type, requester_kind: requested_by.kind,
      is_partial: is_partial || decimals.length < Object.keys(numbers).length,
      numbers: { __entity: numbersUid }, texts: { __entity: textsUid },
      denied_risk_tiers: [...denied_risk_tiers], denied_data_classes: [...denied_data_classes],
      ...definedMembers({ risk_tier: knownTier(effect.risk_tier), phase, tool, method, host, requester: requested_by.actor_id }),
    },
    entities: [entity(numbersUid, Object.fromEntries(decimals.map(([path, value]) => [path, { __extn: { fn: 'decimal', arg: decimal(value) } }]))), entity(textsUid, texts)],
  };
};
