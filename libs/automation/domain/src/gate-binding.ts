import { accept, refuse, type Decision } from '@cs/kernel';
import type { AutomationDefinition, FlowNode, GateDecisionRecord, GateRelease, Run, RunEvent } from '@cs/contracts';
import { flowGraph, isApprovalNode } from './flow-graph.js';
import type { ExecutionRefusal, ReopenGate, RunContext } from './run.commands.js';

/** What was approved for a node, and by which opening of which gate. */
export interface Binding {
  readonly record: GateDecisionRecord;
  readonly release: GateRelease;
}

const lastOf = ({ checkpoint }: Run, gate: string): GateDecisionRecord | undefined => checkpoint.gate_history.findLast(({ node_id }) => node_id === gate);

/** The approvals that a node is about to use: of the gates directly before it that showed its arguments. */
export const bindingsOf = (run: Run, definition: AutomationDefinition, node_id: string): readonly Binding[] => {
  const { nodes } = flowGraph(definition);
  const gates = (nodes.get(node_id)?.depends_on ?? []).filter((id) => isGate(nodes.get(id)));
  return gates.flatMap((gate) => {
    const record = lastOf(run, gate);
    const release = record?.releases?.find((shown) => shown.node_id === node_id && shown.digest !== undefined);
    return record === undefined || release === undefined ? [] : [{ record, release }];
  });
};

const isGate = (node: FlowNode | undefined): boolean => node !== undefined && isApprovalNode(node);

/** Steps that an approval of the gate lets go out at once: all else that they depend on is complete. */
export const releasedBy = ({ checkpoint }: Run, definition: AutomationDefinition, gate: string): readonly FlowNode[] => {
  const { nodes, dependents } = flowGraph(definition);
  const completed = new Set([...checkpoint.completed_nodes, gate]);
  return (dependents.get(gate) ?? []).flatMap((id) => {
    const node = nodes.get(id);
    return node?.action !== undefined && !isApprovalNode(node) && checkpoint.pending_nodes.includes(id) && node.depends_on.every((upstream) => completed.has(upstream)) ? [node] : [];
  });
};

/** Only the gate goes back: what else it released and is done stays done. */
export const reopenGate = ({ difference }: ReopenGate, run: Run, { definition }: RunContext): Decision<RunEvent, ExecutionRefusal> => {
  const broken = bindingsOf(run, definition, difference.node_id).find(({ release }) => release.digest === difference.approved_digest);
  if (run.status !== 'running' || broken === undefined) return refuse({ code: 'node_not_ready', message: `no approval binds node "${difference.node_id}" to ${difference.approved_digest}` });
  const { node_id: gate_node_id, gate_opening_id } = broken.record;
  return accept<RunEvent>(
    { event_type: 'approval_binding_broken', data: { ...difference, gate_node_id, gate_opening_id } },
    { event_type: 'node_approval_rollback', data: { node_ids: [gate_node_id], reset_nodes: [gate_node_id] } },
  );
};
