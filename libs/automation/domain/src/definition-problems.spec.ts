import fc from 'fast-check';
import type { FlowNode } from '@cs/contracts';
import { definitionProblems } from './definition-problems.js';
import { definitionArbitrary } from './flow-graph.fixture.js';
import { definitionOf, nodes, type NodeInput } from './run-scenario.fixture.js';

const { http, transform, timer, gate } = nodes;
const problemsOf = (...flow: readonly NodeInput[]): readonly (readonly [string, string])[] => definitionProblems(definitionOf(...flow)).map(({ path, code }) => [path, code]);
const [approval] = definitionOf({ node_id: 'g', stage_kind: 'approval' }).flow.nodes;
const action: Partial<FlowNode> = { action: { kind: 'transform', expression: '1' } };

describe('a sound definition', () => {
  it('has no problems', () => {
    expect(problemsOf(http('a'), transform('b', ['a']), timer('w'), gate('g', ['b'], { decisions: ['Approve', 'request_changes'], rework_targets: ['a'] }), { node_id: 'h', stage_kind: 'approval' })).toEqual([]);
    expect(approval?.gate).toBeUndefined();
  });

  it('has none whatever its graph without cycles looks like', () => {
    fc.assert(fc.property(definitionArbitrary(9), (definition) => expect(definitionProblems(definition)).toEqual([])));
  });
});

describe('a definition is refused with the place and the code', () => {
  it('of a node id that is used twice', () => expect(problemsOf(http('a'), http('b'), http('a'))).toEqual([['flow.nodes[2].node_id', 'node_id_duplicate']]));

  it.each(['constructor', '__proto__', 'toString'])('of the node id "%s", which records cannot hold', (id) => expect(problemsOf(http(id))).toEqual([['flow.nodes[0].node_id', 'node_id_reserved']]));

  it('of every reference to a node that is not there', () => {
    expect(problemsOf(http('a'), gate('g', ['a', 'x'], { rework_targets: ['a', 'y'] }))).toEqual([
      ['flow.nodes[1].depends_on[1]', 'depends_on_unknown_node'], ['flow.nodes[1].gate.rework_targets[1]', 'rework_target_unknown_node'],
    ]);
  });

  it('of a node that does nothing, or two things', () => {
    expect(problemsOf({ node_id: 'a' })).toEqual([['flow.nodes[0]', 'node_work_missing']]);
    expect(problemsOf({ ...gate('a'), ...action })).toEqual([['flow.nodes[0]', 'node_work_conflict']]);
    expect(problemsOf({ ...timer('a'), ...action })).toEqual([['flow.nodes[0]', 'node_work_conflict']]);
  });

  it('of an approval that hides an action or a wait, which would never happen', () => {
    expect(problemsOf({ node_id: 'a', stage_kind: 'approval', ...action })).toEqual([['flow.nodes[0]', 'node_work_conflict']]);
    expect(problemsOf({ ...timer('a'), stage_kind: 'approval' })).toEqual([['flow.nodes[0].wait', 'wait_gate_conflict']]);
  });

  it('of a gate that is not required, which nobody could pass or decide', () => {
    expect(problemsOf(gate('a', [], { required: false }))).toEqual([['flow.nodes[0].gate.required', 'gate_not_required']]);
    expect(problemsOf({ ...gate('a', [], { required: false }), stage_kind: 'approval' })).toEqual([]);
  });

  it('of a timer with both or none of its two times', () => {
    expect(problemsOf({ node_id: 'w', wait: { kind: 'timer' } })).toEqual([['flow.nodes[0].wait', 'timer_wake_conflict']]);
    expect(problemsOf({ node_id: 'w', wait: { kind: 'timer', delay_ms: 1, wake_at: 5 } })).toEqual([['flow.nodes[0].wait', 'timer_wake_conflict']]);
  });

  it('of every word that is no decision', () => {
    expect(problemsOf(gate('g', [], { decisions: ['approve', 'maybe', 'constructor'] }))).toEqual([
      ['flow.nodes[0].gate.decisions[1]', 'approval_decisions_invalid'], ['flow.nodes[0].gate.decisions[2]', 'approval_decisions_invalid'],
    ]);
  });

  it('of nodes that wait for each other, or for themselves', () => {
    expect(problemsOf(http('a', ['c']), http('b', ['a']), http('c', ['b']), http('free'))).toEqual([['flow.nodes', 'flow_cycle']]);
    expect(problemsOf(http('a', ['a']))).toEqual([['flow.nodes', 'flow_cycle']]);
    expect(definitionProblems(definitionOf(http('a', ['b']), http('b', ['a']), http('free')))[0]?.message).toContain('a, b');
  });
});
