import fc from 'fast-check';
import type { FlowNode } from '@cs/contracts';
import { backoffMs, decideRetry, maxAttemptsOf } from './retry-policy.js';
import { failed } from './run-history.fixture.js';
import { definitionOf, nodes, now } from './run-scenario.fixture.js';

type Policy = NonNullable<FlowNode['retry_policy']>;
type Backoff = NonNullable<Policy['backoff']>;

const dayMs = 86_400_000;
const nodeWith = (retry_policy?: Policy): FlowNode => {
  const [node] = definitionOf(nodes.http('a', [], retry_policy === undefined ? {} : { retry_policy })).flow.nodes;
  if (node === undefined) throw new Error('no node');
  return node;
};
const backoff = (change: Partial<Backoff> = {}): Policy => ({ backoff: { strategy: 'exponential', initial_delay_ms: 1000, multiplier: 2, ...change } });
/** A failure of no class that is treated in a special way. */
const broken = { kind: 'execution_error', message: 'broken' };
const failure = (change: Parameters<typeof failed>[0] = {}) => {
  const result = failed(change);
  if (result.kind !== 'failed') throw new Error('no failure');
  return result;
};

describe('the delay before a retry', () => {
  it('doubles from one second and stops at 30 seconds when nothing is said', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMs(undefined, attempt))).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it('grows by the multiplier, stays fixed, or is none', () => {
    expect([1, 2, 3].map((attempt) => backoffMs(backoff({ initial_delay_ms: 2000, multiplier: 2.5, max_delay_ms: 8000 }), attempt))).toEqual([2000, 5000, 8000]);
    expect([1, 5].map((attempt) => backoffMs(backoff({ strategy: 'fixed', initial_delay_ms: 300 }), attempt))).toEqual([300, 300]);
    expect(backoffMs(backoff({ strategy: 'none' }), 3)).toBe(0);
  });

  it('is a whole number from 0 to a day, never above the maximum of the policy, and never shrinks', () => {
    const policies = fc.record({
      strategy: fc.constantFrom('none', 'fixed', 'exponential'),
      initial_delay_ms: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
      multiplier: fc.oneof(fc.double({ min: 1, max: 10, noNaN: true }), fc.double({ min: 1, noNaN: true, noDefaultInfinity: true })),
      max_delay_ms: fc.option(fc.integer({ min: 1 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 10 }), ({ max_delay_ms, ...rest }, attempt) => {
        const policy: Policy = { backoff: { ...rest, ...(max_delay_ms === undefined ? {} : { max_delay_ms }) } };
        const delay = backoffMs(policy, attempt);
        expect(Number.isSafeInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(dayMs, max_delay_ms ?? dayMs));
        expect(backoffMs(policy, attempt + 1)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe('how many attempts a node has', () => {
  const attemptsOf = (extra: Partial<FlowNode>): number => {
    const [node] = definitionOf(nodes.http('a', [], extra)).flow.nodes;
    return node === undefined ? 0 : maxAttemptsOf(node);
  };

  it('retry policy reads and clamps the legacy max_attempts', () => {
    expect(attemptsOf({ max_attempts: 4 })).toBe(4);
    expect(attemptsOf({ metadata: { max_attempts: 6 } })).toBe(6);
    expect(attemptsOf({ max_attempts: 4, metadata: { max_attempts: 6 } })).toBe(4);
    expect(attemptsOf({ max_attempts: 4, retry_policy: { max_attempts: 2 } })).toBe(2);
    expect([99, 0, -3].map((max_attempts) => attemptsOf({ max_attempts }))).toEqual([10, 1, 1]);
    expect([11, 0].map((max_attempts) => attemptsOf({ retry_policy: { max_attempts } }))).toEqual([10, 1]);
    for (const nonsense of ['4', 2.5, null]) expect(attemptsOf({ metadata: { max_attempts: nonsense } })).toBe(3);
  });

  it('is 3 by default, and 5 for research briefs and nodes with required tools', () => {
    expect(attemptsOf({})).toBe(3);
    expect(attemptsOf({ output_contract: { kind: 'brief', validator: 'research_brief' } })).toBe(5);
    expect(attemptsOf({ output_contract: { kind: 'research_brief' } })).toBe(5);
    expect(attemptsOf({ metadata: { required_tools: ['search'] } })).toBe(5);
    expect(attemptsOf({ metadata: { builder: { required_tools: ['search'] } } })).toBe(5);
    expect(attemptsOf({ metadata: { required_tools: [] } })).toBe(3);
    expect(attemptsOf({ output_contract: { kind: 'brief', validator: 'research_brief' }, retry_policy: { max_attempts: 1 } })).toBe(1);
  });
});

describe('whether a failed attempt is repeated', () => {
  const decide = (policy: Policy | undefined, change: Parameters<typeof failed>[0] = {}, { mode, attempt = 1 }: { mode?: 'keyed' | 'safe' | 'none'; attempt?: number } = { mode: 'keyed' }) =>
    decideRetry(nodeWith(policy), { result: failure({ failure: broken, ...change }), mode, attempt, at_ms: now });

  it('is up to three times when the policy does not say', () => {
    expect(decide(undefined, {}, { mode: 'keyed', attempt: 2 })).toEqual({ kind: 'retry', reason: 'retry_scheduled', backoff_ms: 2000, max_attempts: 3 });
    expect(decide(undefined, {}, { mode: 'keyed', attempt: 3 })).toEqual({ kind: 'give_up', reason: 'attempts_exhausted' });
    expect(decide({ max_attempts: 1 })).toEqual({ kind: 'give_up', reason: 'attempts_exhausted' });
  });

  it('follows the listed failure classes in any spelling; none or "*" is all', () => {
    expect(decide({ retryable_failure_classes: ['Time-Out'] }, { failure: { kind: 'time_out', message: '' } }).kind).toBe('retry');
    expect(decide({ retryable_failure_classes: ['connection failed'] }, { failure: { kind: 'connection_failed', message: '' } }).kind).toBe('retry');
    expect(decide({ retryable_failure_classes: ['timeout'] }, { failure: { kind: 'unexpected_status', message: '' } })).toEqual({ kind: 'give_up', reason: 'not_retryable' });
    for (const classes of [[], ['*']]) expect(decide({ retryable_failure_classes: classes }).kind).toBe('retry');
  });

  it('waits as long as the peer wished, within a day, and at least its own back-off', () => {
    const wait = (retry_after_ms: number) => decide(undefined, { retry_after_ms });
    expect(wait(90_000)).toMatchObject({ backoff_ms: 90_000 });
    expect(wait(10)).toMatchObject({ backoff_ms: 1000 });
    expect(wait(1e15)).toMatchObject({ backoff_ms: dayMs });
    expect(wait(1500.2)).toMatchObject({ backoff_ms: 1501 });
    for (const nonsense of [Number.NaN, -5]) expect(wait(nonsense)).toMatchObject({ backoff_ms: 1000 });
  });

  it('takes the classes of the domain for the kinds of our steps', () => {
    const kinds = (policyClass: string) => (kind: string) => decide({ retryable_failure_classes: [policyClass] }, { failure: { kind, message: '' } }).kind;
    expect(['timeout', 'connection_failed', 'unexpected_status', 'provider_transient'].map(kinds('provider-transient'))).toEqual(['retry', 'retry', 'retry', 'retry']);
    expect(['timeout', 'output_schema_invalid'].map(kinds('validation_error'))).toEqual(['give_up', 'retry']);
    expect(['expression_failed', 'something_new'].map(kinds('execution_error'))).toEqual(['retry', 'give_up']);
  });

  it('raises the floor to three attempts, 2, 5 and 8 seconds apart, when the peer could not be reached', () => {
    const away = { failure: { kind: 'connection_failed', message: '' } };
    expect(decide({ max_attempts: 1 }, away)).toEqual({ kind: 'retry', reason: 'retry_scheduled', backoff_ms: 2000, max_attempts: 3 });
    expect(decide({ max_attempts: 1 }, away, { mode: 'keyed', attempt: 3 })).toEqual({ kind: 'give_up', reason: 'attempts_exhausted' });
    expect([1, 2, 3, 4].map((attempt) => decide({ max_attempts: 9 }, away, { mode: 'keyed', attempt }))).toMatchObject([2000, 5000, 8000, 8000].map((backoff_ms) => ({ backoff_ms, max_attempts: 9 })));
    expect(decide({ backoff: { strategy: 'fixed', initial_delay_ms: 10, multiplier: 2 } }, away)).toMatchObject({ backoff_ms: 10 });
    expect(decide({ max_attempts: 1 }, { ...away, effect: 'unknown' }, { mode: 'none', attempt: 1 })).toEqual({ kind: 'unknown' });
  });

  it('ends when the next attempt would begin too late after the first', () => {
    const policy: Policy = { max_elapsed_ms: 10_000, backoff: { strategy: 'fixed', initial_delay_ms: 4000, multiplier: 2 } };
    const after = (elapsed: number) => decideRetry(nodeWith(policy), { result: failure({ failure: broken }), mode: 'keyed', attempt: 1, at_ms: now, first_started_at_ms: now - elapsed });
    expect(after(6000)).toMatchObject({ kind: 'retry', backoff_ms: 4000 });
    expect(after(6001)).toEqual({ kind: 'give_up', reason: 'elapsed_time_exhausted' });
  });

  it('names "not retryable" before "attempts used up" before "time used up"', () => {
    const decideLate = (max_attempts: number, retryable: boolean) =>
      decideRetry(nodeWith({ max_attempts, max_elapsed_ms: 1 }), { result: failure({ failure: broken, retryable }), mode: 'keyed', attempt: 1, at_ms: now, first_started_at_ms: 0 });
    expect([decideLate(1, false), decideLate(1, true), decideLate(2, true)].map((decision) => 'reason' in decision && decision.reason)).toEqual(['not_retryable', 'attempts_exhausted', 'elapsed_time_exhausted']);
  });

  it('says whether it waits before it tries again', () => {
    expect(decide({ backoff: { strategy: 'none', initial_delay_ms: 1, multiplier: 2 } })).toEqual({ kind: 'retry', reason: 'retry_allowed', backoff_ms: 0, max_attempts: 3 });
    expect(decide(undefined)).toMatchObject({ reason: 'retry_scheduled', backoff_ms: 1000 });
  });

  it.each([
    ['keyed', 'unknown', 'retry'], ['keyed', 'answered', 'retry'], ['keyed', 'not_sent', 'retry'],
    ['safe', 'unknown', 'retry'], ['safe', 'answered', 'retry'], ['safe', 'not_sent', 'retry'],
    ['none', 'unknown', 'unknown'], ['none', 'answered', 'give_up'], ['none', 'not_sent', 'retry'],
    [undefined, 'not_sent', 'retry'],
  ] as const)('an effect that is %s and %s leads to: %s', (mode, effect, kind) => {
    expect(decide(undefined, { effect }, mode === undefined ? {} : { mode }).kind).toBe(kind);
  });
});
