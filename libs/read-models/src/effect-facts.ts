import type { EffectIntent, PolicyDecision, Run } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { unknownEffectOf, workKey, type WorkRef } from '@cs/automation-domain';
import type { OutboxRow, ToolEffectRow } from './ledger-rows.js';
import type { RecordedIn } from './typed-events.js';

/** What one event says of one effect. */
export interface EffectFact {
  /** As the run calls it; also its idempotency key. */
  readonly action_id: string;
  readonly status: ToolEffectRow['status'];
  readonly outbox: OutboxRow['status'];
  readonly node_id?: string | undefined;
  readonly attempts?: number | undefined;
  readonly effect?: EffectIntent | undefined;
  readonly error?: string | undefined;
  /** What the peer answered. */
  readonly content?: Json | undefined;
  readonly policy?: { readonly decision_id: string; readonly arguments_digest: string } | undefined;
  readonly dead_letter_id?: string | undefined;
  readonly compensation_id?: string | undefined;
  readonly lease?: Pick<OutboxRow, 'claimed_by' | 'claim_expires_at_ms'> | undefined;
}

type Fact = RecordedIn<'run'>;
type Named<Type extends Fact['event_type']> = Extract<Fact, { event_type: Type }>;
interface Runs {
  readonly before: Run | undefined;
  readonly after: Run | undefined;
  /** Effects whose attempt begins in the same commit. */
  readonly started: ReadonlySet<string>;
}

const intentOf = ({ before }: Runs, work: WorkRef): EffectIntent | undefined => before?.checkpoint.in_progress[workKey(work)]?.effect;

const leaseOf = ({ before, after }: Runs): EffectFact['lease'] => {
  const run = [after, before].find((one) => one !== undefined && 'execution_claim' in one);
  return run !== undefined && 'execution_claim' in run && run.execution_claim !== undefined ? { claimed_by: run.execution_claim.claimant_id, claim_expires_at_ms: run.execution_claim.lease_expires_at_ms } : undefined;
};

const started = ({ data }: Named<'node_started'>, runs: Runs): EffectFact | undefined =>
  data.effect && { action_id: data.effect.effect_id, status: 'pending', outbox: 'claimed', node_id: data.node_id, attempts: data.attempt, effect: data.effect, lease: leaseOf(runs) };

const ended = (data: WorkRef & { readonly attempt: number }, runs: Runs, how: Pick<EffectFact, 'status' | 'outbox' | 'error' | 'content'>): EffectFact | undefined => {
  const effect = intentOf(runs, data);
  return effect && { action_id: effect.effect_id, node_id: data.node_id, attempts: data.attempt, effect, ...how };
};

const unfit = 'output_schema_invalid';

/** A peer that answered what does not fit has done it all the same. */
const failed = ({ data }: Named<'node_failed'>, runs: Runs): EffectFact | undefined =>
  ended(data, runs, data.failure.kind === unfit ? { status: 'succeeded', outbox: 'sent', error: data.failure.message } : { status: 'failed', outbox: 'failed', error: data.failure.message });

const reconciledAs = { succeeded: { status: 'succeeded', outbox: 'sent' }, failed: { status: 'failed', outbox: 'failed' }, retry: { status: 'pending', outbox: 'pending' } } as const;

const judgedAs = ({ effect_id, node_id, decision_id, arguments_digest }: PolicyDecision) => ({ action_id: effect_id, node_id, policy: { decision_id, arguments_digest } });

/** Of a list, and of a child run, the decision is about more than one effect: what is not sent at once has no record yet. */
const allowed = ({ data }: Named<'policy_effect_allowed' | 'policy_approval_used'>, { started }: Runs): EffectFact | undefined =>
  started.has(data.effect_id) ? { ...judgedAs(data), status: 'pending', outbox: 'pending' } : undefined;

/** A denial says of what is not sent that it was not, and nothing of an earlier attempt that may have happened. */
const denied = ({ data }: Named<'policy_effect_denied'>, { before, after }: Runs): EffectFact => ({
  ...judgedAs(data), error: data.reason, ...([before, after].some((run) => run !== undefined && unknownEffectOf(run, data) === data.effect_id) ? { status: 'unknown', outbox: 'pending' } : { status: 'failed', outbox: 'cancelled' }),
});

const lettered = ({ data }: Named<'effect_dead_lettered'>): EffectFact => ({
  action_id: data.effect_id, node_id: data.node_id, attempts: data.attempts, error: data.reason, dead_letter_id: data.dead_letter_id, compensation_id: data.compensation_id,
  ...(data.outcome === 'failed' ? { status: 'failed', outbox: 'dead_lettered' } : { status: 'unknown', outbox: 'pending' }),
});

const compensating = ({ data }: Named<'compensation_started'>): EffectFact => ({
  action_id: data.effect.effect_id, status: 'pending', outbox: 'claimed', attempts: data.attempt, effect: data.effect, compensation_id: data.compensation_id, lease: { claimed_by: data.claimed_by, claim_expires_at_ms: data.claim_expires_at_ms },
});

const notCompensated = ({ data }: Named<'compensation_failed'>): EffectFact => ({
  action_id: data.effect_id, attempts: data.attempt, error: data.failure.message, compensation_id: data.compensation_id,
  ...(data.outcome === 'failed' ? { status: 'failed', outbox: 'failed' } : { status: 'unknown', outbox: 'pending' }),
});

type Readers = { readonly [Type in Fact['event_type']]?: (event: Named<Type>, runs: Runs) => EffectFact | undefined };

const readers: Readers = {
  node_started: started,
  node_completed: ({ data }, runs) => ended(data, runs, { status: 'succeeded', outbox: 'sent', content: data.output.content }),
  node_failed: failed,
  node_schema_validation_paused: ({ data }, runs) => ended(data, runs, { status: 'succeeded', outbox: 'sent', error: data.failure.message }),
  node_retry_backoff_scheduled: ({ data }, runs) => ended(data, runs, { status: data.unknown_effect_id === undefined ? 'pending' : 'unknown', outbox: 'pending', error: data.reason }),
  node_blocked: ({ data }) => (data.effect_id === '' ? undefined : { action_id: data.effect_id, status: 'unknown', outbox: 'pending', node_id: data.node_id, attempts: data.attempt, error: data.failure.message }),
  node_effect_reconciled: ({ data }) => ({ action_id: data.effect_id, node_id: data.node_id, ...reconciledAs[data.outcome], ...(data.outcome === 'succeeded' ? { content: data.output?.content ?? null } : { error: data.reason }) }),
  policy_effect_allowed: allowed,
  policy_effect_denied: denied,
  policy_approval_used: allowed,
  effect_dead_lettered: lettered,
  compensation_started: compensating,
  compensation_completed: ({ data }) => ({ action_id: data.receipt_effect_id, status: 'succeeded', outbox: 'sent', attempts: data.attempt, compensation_id: data.compensation_id, content: data.output }),
  compensation_failed: notCompensated,
};

/** What an event says of an effect, as far as it says something of one. */
export const effectFactOf = (event: Fact, runs: Runs): EffectFact | undefined => {
  // The table has, for each type, the reader of exactly that type; the compiler cannot see the pairing.
  const read = readers[event.event_type] as ((event: Fact, runs: Runs) => EffectFact | undefined) | undefined;
  return read?.(event, runs);
};

const handled: ReadonlySet<string> = new Set(Object.keys(readers));
export const saysOfEffects = ({ event_type }: Pick<Fact, 'event_type'>): boolean => handled.has(event_type);
