// Commits of runs with one `http` step, a gate and a second step, as the services write them: six commits, ten events each.
import { runAggregate } from '@cs/automation-application';
import { logSubject } from '@cs/contracts';
import { appendEvents, unwritten } from '@cs/eventing';
import { createHash } from 'node:crypto';

export const digest = (text) => createHash('sha256').update(text).digest('hex');
const person = { kind: 'human', actor_id: 'bench', source: 'bench' };

/** What an automation with one `http` step and one gate writes. */
const historyOf = (tenant, run, index) => {
  const gate = {
    node_id: 'sign', gate_opening_id: `${run}-sign-1`, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: `automation_v2:${run}:sign:decision`,
    title: 'Refund an order?', instructions: 'Look at the order and at what the customer wrote.', decisions: ['approve', 'rework', 'cancel'], rework_targets: ['look_up'], requested_at_ms: 1000, upstream_node_ids: ['look_up'],
  };
  const claim = (epoch) => ({ event_type: 'run_execution_claimed', data: { claim: { claim_id: `${run}-${epoch}`, claimant_id: 'runner-1', claimed_at_ms: 1000, lease_expires_at_ms: 16_000, lease_epoch: epoch } } });
  const output = (node_id) => ({ event_type: 'node_completed', data: { node_id, attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { status: 200, body: { order_id: `order-${index}`, amount: index % 900, customer: `customer-${index}`, lines: [1, 2, 3].map((line) => ({ line, article: `article-${index}-${line}`, price: line * 7 })) } }, created_at_ms: 1000 } } });
  return [
    [{
      event_type: 'run_created',
      data: {
        run_id: run, automation_id: 'refund', tenant_context: tenant, trigger_type: 'manual', requested_by: person, input: { order_id: `order-${index}`, reason: 'arrived broken' }, workflow_definition_version: 'v1',
        workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['look_up', 'sign', 'refund'],
      },
    }],
    [claim(1), { event_type: 'node_started', data: { node_id: 'look_up', attempt: 1 } }],
    [output('look_up'), { event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } }],
    [{ event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: gate.gate_opening_id, decision: 'approve', decided_at_ms: 2000, decided_by: person } }],
    [claim(2), { event_type: 'node_started', data: { node_id: 'refund', attempt: 1 } }],
    [output('refund'), { event_type: 'run_completed', data: {} }],
  ];
};

/**
 * Writes the runs from `first` to `first + runs - 1`, `together` of them side by side, to a log whose last position is `after`. `write` gets each
 * commit as it stands in the log.
 */
export const writeGatedRuns = async ({ workspace_id, first = 0, runs, together = 64, after = 0, atMs = 1_700_000_000_000 }, write) => {
  const tenant = { org_id: 'bench', workspace_id, source: 'explicit' };
  let position = after;
  const store = {
    append: (ref, status, commit) => {
      position += 1;
      write({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) }, { ref, commit });
      return Promise.resolve({ kind: 'appended', position, duplicate: false });
    },
  };
  const eventing = { store, clock: () => 1000, digest };
  for (let from = first; from < first + runs; from += together) {
    const group = Array.from({ length: Math.min(together, first + runs - from) }, (_none, offset) => {
      const run = `automation-v2-run-${digest(String(from + offset)).slice(0, 32)}`;
      return { loaded: unwritten(runAggregate, { ...tenant, aggregate: 'run', id: run }), history: historyOf(tenant, run, from + offset) };
    });
    for (let commit = 0; commit < group[0].history.length; commit += 1) {
      for (const run of group) run.loaded = (await appendEvents({ eventing, aggregate: runAggregate }, run.loaded, { events: run.history[commit], context: { at_ms: atMs + position - after, actor: person, correlation_id: 'refund' } })).loaded;
    }
  }
};
