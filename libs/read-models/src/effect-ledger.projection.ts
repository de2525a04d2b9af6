import { ledgerIdsOf } from '@cs/automation-domain';
import { effectSourceKind, type EffectIntent, type Run } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { effectFactOf, saysOfEffects, type EffectFact } from './effect-facts.js';
import type { OutboxRow, ToolEffectRow } from './ledger-rows.js';
import { orNull } from './or-null.js';
import { receiptPayload } from './receipt-payload.js';
import type { RunTransition } from './run-transition.js';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf } from './typed-events.js';

/** Ids of the ledger follow from the idempotency key (domain 9.3). */
export const ledgerIds = (digest: Digest, key: string): ReturnType<typeof ledgerIdsOf> => ledgerIdsOf(digest(key));

interface Recorded {
  readonly fact: EffectFact;
  readonly at_ms: number;
  /** The event that says so. */
  readonly event_id: string;
}

interface Of {
  readonly tenant: TenantKey;
  readonly run_id: string;
  readonly digest: Digest;
}

const described = ({ operation, target }: Pick<EffectIntent, 'operation' | 'target'>) => ({ operation: orNull(operation), target: orNull(target), tool: orNull(operation?.split('.')[0]) });

const common = ({ fact, at_ms }: Recorded, { tenant, run_id }: Of) => ({
  ...tenant, run_id, source_kind: effectSourceKind, source_id: run_id, node_id: orNull(fact.node_id), ...described(fact.effect ?? {}), policy_decision_id: orNull(fact.policy?.decision_id),
  compensation_id: orNull(fact.compensation_id), created_at_ms: at_ms, updated_at_ms: at_ms,
});

const leaseOf = ({ fact: { lease, outbox }, at_ms }: Recorded) => ({
  claimed_by: lease?.claimed_by ?? null, claimed_at_ms: outbox === 'claimed' ? at_ms : null, claim_expires_at_ms: lease?.claim_expires_at_ms ?? null,
});

const outboxRow = (recorded: Recorded, of: Of): OutboxRow => {
  const { fact, event_id } = recorded;
  return {
    ...common(recorded, of), ...ledgerIds(of.digest, fact.action_id), status: fact.outbox, idempotency_key: fact.action_id, payload_digest: orNull(fact.policy?.arguments_digest),
    receipt_id: fact.content === undefined ? null : event_id, dead_letter_id: orNull(fact.dead_letter_id), attempts: orNull(fact.attempts), ...leaseOf(recorded),
  };
};

const noReceipt = { output_digest: null, receipt_payload_digest: null, receipt_payload_redacted: null, receipt_pointer: null } as const;

const receiptOf = (content: Json, event_id: string, digest: Digest) => {
  const shown = receiptPayload(content);
  const digestOf = (value: Json): string => `sha256:${digest(canonicalJson(value))}`;
  return { output_digest: digestOf(content), receipt_payload_digest: digestOf(shown), receipt_payload_redacted: shown, receipt_pointer: event_id };
};

const effectRow = (recorded: Recorded, of: Of): ToolEffectRow => {
  const { fact, event_id } = recorded;
  const evidence = {
    ...common(recorded, of), ...ledgerIds(of.digest, fact.action_id), action_id: fact.action_id, status: fact.status, input_digest: orNull(fact.policy?.arguments_digest),
    ...(fact.content === undefined ? noReceipt : receiptOf(fact.content, event_id, of.digest)), error: orNull(fact.error),
  };
  return { ...evidence, audit_hash: of.digest(canonicalJson(evidence)) };
};

/** Attempts that were under way and that nobody will hear of any more, because the run ended or the node was reset. */
const unheard = ({ before, after }: RunTransition, told: ReadonlySet<string>): readonly EffectFact[] => {
  if (before === undefined || after === undefined) return [];
  return Object.entries(before.checkpoint.in_progress).flatMap(([key, { effect, attempt }]): readonly EffectFact[] => {
    if (effect === undefined || told.has(effect.effect_id) || after.checkpoint.in_progress[key] !== undefined) return [];
    return [{ action_id: effect.effect_id, status: 'unknown', outbox: 'pending', attempts: attempt, effect, error: 'the run went on without its answer' }];
  });
};

const factsOf = (transition: RunTransition): readonly Recorded[] => {
  const events = eventsOf('run', transition.stored);
  const started = new Set(events.flatMap((event) => (event.event_type === 'node_started' && event.data.effect !== undefined ? [event.data.effect.effect_id] : [])));
  const recorded = events.filter(saysOfEffects).flatMap((event): readonly Recorded[] => {
    const fact = effectFactOf(event, { ...transition, started });
    return fact === undefined ? [] : [{ fact, at_ms: event.recorded_at_ms, event_id: event.event_id }];
  });
  const last = events.at(-1);
  const told = new Set(recorded.map(({ fact }) => fact.action_id));
  const silent = last === undefined ? [] : unheard(transition, told).map((fact) => ({ fact, at_ms: last.recorded_at_ms, event_id: last.event_id }));
  return [...recorded, ...silent];
};

const runOf = ({ before, after }: RunTransition): Run | undefined => after ?? before;

/** What a commit of a run says of effects: each in the outbox and as evidence. */
export const projectEffects = (transition: RunTransition, digest: Digest): readonly { readonly outbox: OutboxRow; readonly effect: ToolEffectRow }[] => {
  const run = runOf(transition);
  if (run === undefined) return [];
  const of: Of = { tenant: tenantKey(run.tenant_context), run_id: run.run_id, digest };
  return factsOf(transition).map((recorded) => ({ outbox: outboxRow(recorded, of), effect: effectRow(recorded, of) }));
};
