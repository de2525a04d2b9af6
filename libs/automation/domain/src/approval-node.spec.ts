import type { FlowNode } from '@cs/contracts';
import { isApprovalNode } from './flow-graph.js';
import { gateOf } from './gate-decisions.js';
import { history } from './run-history.fixture.js';
import { definitionOf, scenario, type NodeInput } from './run-scenario.fixture.js';

const nodeOf = (node: NodeInput): FlowNode => {
  const [parsed] = definitionOf(node).flow.nodes;
  if (parsed === undefined) throw new Error('no node');
  return parsed;
};
const approvalWait: NodeInput = { node_id: 'sign', wait: { kind: 'approval', decisions: ['approve', 'cancel'] } };

describe('a node that a person decides at', () => {
  it.each<[string, Partial<FlowNode>]>([
    ['a stage', { stage_kind: 'approval' }],
    ['a required gate', { gate: { required: true, decisions: [], rework_targets: [] } }],
    ['a wait of kind approval', { wait: { kind: 'approval', decisions: ['approve'] } }],
    ['a planner\'s stage', { metadata: { stage_kind: 'approval' } }],
    ['a planner\'s task class', { metadata: { builder: { task_class: 'human_decision_gate' } } }],
    ['a planner\'s list of decisions', { metadata: { approval: { allowed_decisions: ['approve'] } } }],
    ['a planner\'s wish for a decision', { metadata: { approval: { require_explicit_decision: true } } }],
  ])('is written as %s', (_how, extra) => expect(isApprovalNode(nodeOf({ node_id: 'sign', ...extra }))).toBe(true));

  it.each<[string, Partial<FlowNode>]>([
    ['metadata that only mentions it', { metadata: { approval: { require_explicit_decision: false }, builder: { task_class: 'code' } } }],
    ['another wait', { wait: { kind: 'timer', delay_ms: 5 } }],
  ])('is not written as %s', (_how, extra) => expect(isApprovalNode(nodeOf({ node_id: 'sign', ...extra }))).toBe(false));

  it('is an ordinary gate with its own decisions, however it is written', () => {
    expect(gateOf(nodeOf(approvalWait))).toEqual({ required: true, decisions: ['approve', 'cancel'], rework_targets: [] });
    expect(gateOf(nodeOf({ node_id: 'sign', metadata: { approval: { decisions: ['approve', 'nonsense', 7] } } }))?.decisions).toEqual(['approve']);
    expect(gateOf(nodeOf({ node_id: 'sign', stage_kind: 'approval' }))).toBeUndefined();
  });

  it('opens as a gate, and registers no wait of another kind', () => {
    const definition = definitionOf(approvalWait);
    const { created, claimed } = history(definition);
    const { given } = scenario(definition);
    given(created, claimed(1)).when({ type: 'open_waits', node_id: 'sign', waits: [] }).thenRefused('node_not_ready');
    given(created, claimed(1)).when({ type: 'open_gate', node_id: 'sign', title: 'Sign?' }).thenTypes('approval_gate_opened').thenRun({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { decisions: ['approve', 'cancel'] } } });
  });
});
