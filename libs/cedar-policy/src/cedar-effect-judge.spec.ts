import { riskTierSchema, type JudgedEffect } from '@cs/contracts';
import type { EffectPolicy } from '@cs/automation-application';
import { CedarEffectJudge } from './cedar-effect-judge.adapter.js';
import { effect } from './effect.fixture.js';

const judge = new CedarEffectJudge();
const builtin = (of: Partial<JudgedEffect>, settings: Partial<EffectPolicy> = {}) => judge.judge({ ...judge.builtin, ...settings }, effect(of));
const by = (policies: string, of: Partial<JudgedEffect> = {}) => judge.judge({ policies, denied_risk_tiers: [], denied_data_classes: [], policy_version: '1:test' }, effect(of));

const grave = ['financial_record_access', 'credential_admin', 'destructive_delete', 'money_movement_contract'];
const consequential = ['consequential_write', 'external_send'];
const low = riskTierSchema.options.filter((tier) => ![...grave, ...consequential].includes(tier));

describe('the shipped policies', () => {
  it('are free of problems', () => {
    expect(judge.check(judge.builtin)).toEqual([]);
  });

  it.each(low)('let a step of a low tier go out: %s', (risk_tier) => {
    expect(builtin({ risk_tier })).toMatchObject({ outcome: 'allow', reason_code: 'low_risk_auto_allow', elevated: false, policy_ids: ['low-risk'], policy_version: judge.builtin.policy_version });
  });

  it.each(consequential)('ask for an approval of a consequential tier: %s', (risk_tier) => {
    expect(builtin({ risk_tier })).toMatchObject({ outcome: 'approval_required', reason_code: 'risk_tier_requires_approval', elevated: false, policy_ids: ['consequential-tier', 'low-risk'] });
  });

  it.each(grave)('ask an elevated reviewer about a grave tier: %s', (risk_tier) => {
    expect(builtin({ risk_tier })).toMatchObject({ outcome: 'approval_required', reason_code: 'risk_tier_requires_approval', elevated: true });
  });

  it.each(['restricted', 'credential', 'financial_record', 'executive', 'regulated'])('ask an elevated reviewer about data of a sensitive class: %s', (sensitive) => {
    expect(builtin({ risk_tier: 'read_discover', data_classes: ['public', sensitive] })).toMatchObject({ outcome: 'approval_required', reason_code: 'sensitive_class_requires_elevated_approval', elevated: true });
  });

  it.each(['public', 'internal', 'confidential', 'customer_data', 'source_code'])('do not ask because of another class: %s', (data_class) => {
    expect(builtin({ risk_tier: 'internal_write', data_classes: [data_class] }).outcome).toBe('allow');
  });

  it.each([undefined, 'high', ''])('fail closed where the tier says nothing: %s', (risk_tier) => {
    expect(builtin({ ...(risk_tier === undefined ? {} : { risk_tier }), data_classes: ['public'] })).toMatchObject({ outcome: 'approval_required', reason_code: 'unresolved_policy_fail_closed', elevated: true });
  });

  it('name what goes to customers before its tier', () => {
    expect(builtin({ risk_tier: 'external_send', data_classes: ['customer_data'] })).toMatchObject({ outcome: 'approval_required', reason_code: 'external_customer_send_requires_approval', elevated: false });
  });

  it('forbid the tiers and classes that the workspace denies, whatever else applies; the tier is named first', () => {
    const denied = { denied_risk_tiers: ['credential_admin'], denied_data_classes: ['executive'] };
    expect(builtin({ risk_tier: 'credential_admin', data_classes: ['executive'] }, denied)).toMatchObject({ outcome: 'deny', reason_code: 'risk_tier_blocked', policy_ids: ['risk-tier-denied', 'data-class-denied'] });
    expect(builtin({ risk_tier: 'read_discover', data_classes: ['executive'] }, denied)).toMatchObject({ outcome: 'deny', reason_code: 'data_class_blocked' });
    expect(builtin({ risk_tier: 'read_discover' }, denied).outcome).toBe('allow');
  });
});

describe('a policy of a workspace', () => {
  it('sees numbers and texts of the arguments by their path', () => {
    const policies = `
      @id("big") @decision("approval_required") @reason_code("big_refund") @reason("more than 500")
      permit (principal, action, resource) when { context.numbers.hasTag("body.amount") && context.numbers.getTag("body.amount").greaterThan(decimal("500.0")) };
      @id("foreign") @decision("deny") @order("1")
      permit (principal, action, resource) when { context.texts.hasTag("body.currency") && context.texts.getTag("body.currency") != "EUR" };
      @id("rest") permit (principal, action, resource);`;
    expect(by(policies, { numbers: { 'body.amount': 500 } }).outcome).toBe('allow');
    expect(by(policies, { numbers: { 'body.amount': 500.00001 } })).toMatchObject({ reason_code: 'big_refund' });
    expect(by(policies, { numbers: { 'body.amount': 500.01 } })).toMatchObject({ outcome: 'approval_required', reason_code: 'big_refund', reason: 'more than 500' });
    expect(by(policies, { numbers: { 'body.amount': 900 }, texts: { 'body.currency': 'USD' } })).toMatchObject({ outcome: 'deny', policy_ids: ['foreign', 'big', 'rest'] });
  });

  it('that is more specific decides before one that is not, whatever their order: phase, resource, workflow, tenant', () => {
    const policy = (scope: string, order: number): string => `@id("${scope}") @scope("${scope}") @order("${order}") @reason_code("by_${scope}") permit (principal, action, resource);`;
    const all = [policy('tenant', 1), policy('workflow', 2), policy('resource', 3), policy('phase', 4)];
    for (const expected of ['by_phase', 'by_resource', 'by_workflow', 'by_tenant']) {
      expect(by(all.join('\n')).reason_code).toBe(expected);
      all.pop();
    }
  });

  it('that forbids holds against one that is more specific; a permit that denies does not', () => {
    const allow = '@id("allow") @scope("phase") permit (principal, action, resource);';
    expect(by(`${allow} @id("never") forbid (principal, action, resource);`)).toMatchObject({ outcome: 'deny', policy_ids: ['never'] });
    expect(by(`${allow} @id("not-here") @decision("deny") permit (principal, action, resource);`)).toMatchObject({ outcome: 'allow' });
  });

  it('that does not apply leaves the decision to an elevated reviewer', () => {
    expect(by('@id("other") permit (principal == Automation::"other", action, resource);')).toMatchObject({ outcome: 'approval_required', reason_code: 'unresolved_policy_fail_closed', elevated: true, policy_ids: [] });
  });

  it('that cannot be evaluated for an effect lets nothing out; a forbid that can still holds', () => {
    const broken = '@id("broken") permit (principal, action, resource) when { context.numbers.getTag("body.amount").greaterThan(decimal("1.0")) };';
    const fine = '@id("fine") permit (principal, action, resource);';
    const never = '@id("never") forbid (principal, action, resource);';
    expect(by(`${broken} ${fine}`)).toMatchObject({ outcome: 'approval_required', reason_code: 'unresolved_policy_fail_closed', reason: 'policy "broken" cannot be evaluated for this step' });
    expect(by(`${broken} ${fine} ${never}`)).toMatchObject({ outcome: 'deny', policy_ids: ['never'] });
  });

  it('may name the role that approves', () => {
    expect(by('@id("ask") @decision("approval_required") @approver_role("finance-lead") permit (principal, action, resource);')).toMatchObject({ approver_role: 'finance-lead' });
  });

  it('is judged right after many others were', () => {
    const policies = (n: number): string => `@id("p${n}") @reason_code("version_${n}") permit (principal, action, resource);`;
    const order = [...Array.from({ length: 80 }, (_, n) => n), 0, 79, 5];
    expect(order.map((n) => by(policies(n)).reason_code)).toEqual(order.map((n) => `version_${n}`));
  });

  it('sees numbers that its language cannot hold as missing, and is told so', () => {
    const policies = '@id("whole") permit (principal, action, resource) unless { context.is_partial };';
    expect(by(policies, { numbers: { a: -12.5 } }).outcome).toBe('allow');
    expect(by(policies, { numbers: { a: 1e300 } }).outcome).toBe('approval_required');
  });
});
