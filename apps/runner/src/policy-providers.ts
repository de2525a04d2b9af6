import type { Provider } from '@nestjs/common';
import { ActivePolicy, type DenialOptions, type EffectJudge, type EffectPolicyOptions } from '@cs/automation-application';
import { CedarEffectJudge } from '@cs/cedar-policy';
import type { Eventing } from '@cs/eventing';
import { EVENTING } from '@cs/jetstream';
import { randomId } from '@cs/platform';
import { ACTIVE_POLICY, EFFECT_JUDGE, EFFECT_POLICY_OPTIONS } from './tokens.js';

/** The policies of workspaces, and who judges by them. */
export const policyProviders: readonly Provider[] = [
  { provide: EFFECT_JUDGE, useFactory: () => new CedarEffectJudge() },
  { provide: ACTIVE_POLICY, inject: [EFFECT_JUDGE, EVENTING], useFactory: (judge: EffectJudge, eventing: Eventing) => new ActivePolicy(judge, eventing.store) },
  { provide: EFFECT_POLICY_OPTIONS, inject: [EFFECT_JUDGE, EVENTING], useFactory: (judge: EffectJudge, eventing: Eventing): EffectPolicyOptions & DenialOptions => ({ judge, eventing, newId: randomId }) },
];
