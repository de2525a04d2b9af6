import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CedarEffectJudge } from './cedar-effect-judge.adapter.js';
import { effect } from './effect.fixture.js';

const example = readFileSync(path.resolve(import.meta.dirname, '../../../docs/guides/examples/refund-policy.cedar'), 'utf8');
const judge = new CedarEffectJudge();
const policy = { policies: `${judge.builtin.policies}\n${example}`, denied_risk_tiers: [], denied_data_classes: [], policy_version: 'guide' };
const refund = (amount: number, host?: string) => judge.judge(policy, effect({ risk_tier: 'money_movement_contract', numbers: { 'body.amount': amount }, ...(host === undefined ? {} : { host }) }));

describe('the policy that the guide shows, added to the shipped ones', () => {
  it('has no problems', () => {
    expect(judge.check(policy)).toEqual([]);
  });

  it('does what the guide says of it', () => {
    expect(refund(50, 'payments.internal')).toMatchObject({ outcome: 'allow', reason_code: 'small_refund' });
    expect(refund(50.01)).toMatchObject({ outcome: 'approval_required', reason_code: 'risk_tier_requires_approval', elevated: true });
    expect(refund(1, 'elsewhere.example')).toMatchObject({ outcome: 'deny', reason_code: 'unknown_payments_host' });
    expect(judge.judge(policy, effect({ risk_tier: 'internal_write', trigger_type: 'schedule' }))).toMatchObject({ outcome: 'approval_required', approver_role: 'operator' });
  });
});
