import type { PendingGate } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { awaitedGate } from './awaited-gate.js';
import { openedCard } from './gate-card.js';
import type { NoticeFacts } from './gate-notices.js';
import type { Question, RequestDeliveriesOptions } from './request-delivery.js';
import { runFacts } from './run-facts.js';

type OfRun = Pick<NoticeFacts, 'org_id' | 'workspace_id' | 'run_id'>;

/** What a gate asks, with what its run says of itself. */
export const questionOf = async ({ eventing: { store }, publicUrl }: RequestDeliveriesOptions, about: Omit<NoticeFacts, 'occurred_at_ms'>, gate: PendingGate): Promise<Question> => {
  const { org_id, workspace_id, run_id } = about;
  const facts = await runFacts(store, about);
  const card: Json = openedCard({ org_id, workspace_id, run_id, ...facts, public_url: publicUrl?.replace(/\/+$/, '') }, gate);
  return { notice: 'gate_opened', run_id, automation_id: facts.automation_id, node_id: gate.node_id, approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, risk_tier: gate.risk_tier ?? 'none', card };
};

/** The gate that a run rests at, and the run's last commit; `undefined` when it is not this opening. */
export const openGateOf = async (store: EventStore, about: OfRun, gate_opening_id: string): Promise<{ readonly gate: PendingGate; readonly last: StoredCommit } | undefined> => {
  const { org_id, workspace_id, run_id } = about;
  const gate = await awaitedGate(store, about);
  const last = gate?.gate_opening_id === gate_opening_id ? await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id }) : undefined;
  return gate && last && { gate, last };
};
