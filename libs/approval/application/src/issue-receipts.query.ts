import { receiptClaims } from '@cs/approval-domain';
import { runAccess, runAggregate, type DefinitionLibrary } from '@cs/automation-application';
import type { AggregateRef, CallContext, DecisionReceipt, GateDecisionRecord, Run } from '@cs/contracts';
import { loadAggregate, type EventStore } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import type { ReceiptSigner } from './receipt-signer.port.js';

export interface ReceiptOptions {
  readonly store: EventStore;
  readonly definitions: Pick<DefinitionLibrary, 'get'>;
  /** Absent: no key is configured. */
  readonly signer: ReceiptSigner | undefined;
}

/** The receipt of one decision of a run. */
export const issueReceipt = async (signer: ReceiptSigner, run: Run, record: GateDecisionRecord): Promise<DecisionReceipt> => ({
  node_id: record.node_id, gate_opening_id: record.gate_opening_id, decision: record.decision, decided_at_ms: record.decided_at_ms,
  receipt: await signer.sign(receiptClaims(run, record), { id: record.decision_id ?? record.gate_opening_id, issued_at_ms: record.decided_at_ms }),
});

/** Receipts of every decision that was made on a run that the caller sees, oldest first. */
export const issueReceipts = async ({ store, definitions, signer }: ReceiptOptions, context: CallContext, run_id: string): Promise<Result<readonly DecisionReceipt[]>> => {
  if (signer === undefined) return refused('RECEIPTS_NOT_CONFIGURED', 'this installation has no key to sign receipts with');
  const { tenant } = context;
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id };
  const { state } = await loadAggregate({ store, aggregate: runAggregate }, ref);
  if (state === undefined || state.tenant_context.deployment_id !== tenant.deployment_id) {
    return refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });
  }
  const visible = await runAccess({ eventing: { store }, definitions }, context, { run: state, right: 'view' });
  if (!visible.ok) return visible;
  return accepted(await Promise.all(state.checkpoint.gate_history.map((record) => issueReceipt(signer, state, record))));
};
