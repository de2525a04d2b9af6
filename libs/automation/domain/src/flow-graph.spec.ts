import fc from 'fast-check';
import type { AutomationDefinition } from '@cs/contracts';
import { definitionArbitrary } from './flow-graph.fixture.js';
import { ancestors, descendants, flowGraph, isApprovalNode } from './flow-graph.js';
import { definitionOf, nodes } from './run-scenario.fixture.js';

const { http, gate } = nodes;

/** By the definition: x depends on y when y is one of its dependencies, or one of them depends on y. */
const dependsOn = (definition: AutomationDefinition, node: string, other: string): boolean => {
  const upstream = definition.flow.nodes.find(({ node_id }) => node_id === node)?.depends_on ?? [];
  return upstream.includes(other) || upstream.some((id) => dependsOn(definition, id, other));
};

describe('descendants', () => {
  const definition = definitionOf(http('a'), http('b', ['a']), http('c', ['b']), http('x'));

  it('are the roots and everything that depends on them, sorted', () => {
    expect(descendants(definition, ['b', 'x'])).toEqual(['b', 'c', 'x']);
  });

  it('leave roots out that are no nodes', () => {
    expect(descendants(definition, ['nobody'])).toEqual([]);
    expect(descendants(definition, ['constructor'])).toEqual([]);
  });

  it('end also on a graph that has a cycle', () => {
    expect(descendants(definitionOf(http('a', ['b']), http('b', ['a'])), ['a'])).toEqual(['a', 'b']);
  });
});

describe('descendants and ancestors of any graph', () => {
  it('are what the definition of "depends on" says', () => {
    fc.assert(
      fc.property(definitionArbitrary(9), fc.array(fc.nat(8), { maxLength: 3 }), (definition, picks) => {
        const ids = definition.flow.nodes.map(({ node_id }) => node_id);
        const roots = picks.map((pick) => ids[pick % ids.length] ?? '');
        expect(descendants(definition, roots)).toEqual(ids.filter((id) => roots.includes(id) || roots.some((root) => dependsOn(definition, id, root))).sort());
        for (const id of ids) expect([...ancestors(definition, id)].sort()).toEqual(ids.filter((other) => dependsOn(definition, id, other)).sort());
      }),
    );
  });
});

describe('a flow graph', () => {
  it('keeps dependents in the order of the definition and is computed once', () => {
    const definition = definitionOf(http('z', ['a']), http('a'), http('b', ['a']));
    expect(flowGraph(definition).dependents.get('a')).toEqual(['z', 'b']);
    expect(flowGraph(definition)).toBe(flowGraph(definition));
  });
});

describe('an approval node', () => {
  it('has a required gate or the stage "approval"', () => {
    const [signed, staged, optional, plain] = definitionOf(gate('a'), { node_id: 'b', stage_kind: 'approval' }, gate('c', [], { required: false }), http('d')).flow.nodes;
    expect([signed, staged, optional, plain].map((node) => node && isApprovalNode(node))).toEqual([true, true, false, false]);
  });
});
