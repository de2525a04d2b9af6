import { pendingGateSchema, type PendingGate } from '@cs/contracts';
import type { EventStore, StoredCommit } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import { openedCard } from './gate-card.js';
import type { NoticeFacts } from './gate-notices.js';
import type { Question, RequestDeliveriesOptions } from './request-delivery.js';

type OfRun = Pick<NoticeFacts, 'org_id' | 'workspace_id' | 'run_id'>;

/** What a gate asks. */
export const questionOf = ({ publicUrl }: RequestDeliveriesOptions, { org_id, workspace_id, run_id }: OfRun, { gate, automation_id }: { readonly gate: PendingGate; readonly automation_id: string }): Question => {
  const card: Json = openedCard({ org_id, workspace_id, run_id, automation_id, public_url: publicUrl?.replace(/\/+$/, '') }, gate);
  return { notice: 'gate_opened', run_id, automation_id, node_id: gate.node_id, approval_request_id: gate.approval_request_id, gate_opening_id: gate.gate_opening_id, risk_tier: gate.risk_tier ?? 'none', card };
};

const openGateSchema = z.object({ checkpoint: z.object({ awaiting_gate: pendingGateSchema }) });

/** The gate that a run rests at, as its last commit says; `undefined` when it is not this opening. */
export const openGateOf = async (store: EventStore, { org_id, workspace_id, run_id }: OfRun, gate_opening_id: string): Promise<{ readonly gate: PendingGate; readonly last: StoredCommit } | undefined> => {
  const last = await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id });
  if (last?.status !== 'awaiting_approval') return undefined;
  const gate = openGateSchema.safeParse(last.commit.state?.value).data?.checkpoint.awaiting_gate;
  return gate?.gate_opening_id === gate_opening_id ? { gate, last } : undefined;
};
