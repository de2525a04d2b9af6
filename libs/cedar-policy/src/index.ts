export { CedarEffectJudge } from './cedar-effect-judge.adapter.js';
export { effectSchema, shippedPolicies } from './policy-files.js';
