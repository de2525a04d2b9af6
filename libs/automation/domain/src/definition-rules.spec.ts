import type { Agent, AutomationDefinition, FlowNode } from '@cs/contracts';
import { definitionProblems } from './definition-problems.js';
import { normaliseDefinition } from './definition-rules.js';
import { definitionOf, nodes, type NodeInput } from './run-scenario.fixture.js';

const agent = (agent_id: string, extra: Partial<Agent> = {}): Agent => ({ agent_id, skills: [], ...extra });
const define = (flow: readonly NodeInput[], extra: Partial<AutomationDefinition> = {}): AutomationDefinition => ({ ...definitionOf(...flow), ...extra });
const problemsIn = (definition: AutomationDefinition) => definitionProblems(definition).map(({ path, code }) => `${path} ${code}`);
const problemsWith = (extra: Partial<AutomationDefinition>) => problemsIn(define([nodes.transform('a')], extra));

describe('the agents of a definition', () => {
  it('have ids of their own, and nodes name only agents that are there', () => {
    expect(problemsWith({ agents: [agent('one'), agent('two'), agent('one')] })).toEqual(['agents[2].agent_id agent_id_duplicate']);
    expect(problemsIn(define([nodes.transform('a', [], { agent_id: 'one' }), nodes.transform('b', [], { agent_id: 'nobody' })], { agents: [agent('one')] }))).toEqual([
      'flow.nodes[1].agent_id agent_unknown',
    ]);
  });

  it('get a name when theirs is blank, and may only read when nothing says more', () => {
    const { agents } = normaliseDefinition(define([nodes.transform('a')], {
      agents: [agent('support_lead'), agent('two', { display_name: '  ', tool_policy: { allowlist: [], denylist: ['rm'] } }), agent('three', { display_name: 'Three', tool_policy: { allowlist: ['write'], denylist: [] } })],
    }));
    expect(agents.map(({ display_name, tool_policy }) => ({ display_name, tool_policy }))).toEqual([
      { display_name: 'Support lead', tool_policy: { allowlist: ['read'], denylist: [] } },
      { display_name: 'Two', tool_policy: { allowlist: ['read'], denylist: ['rm'] } },
      { display_name: 'Three', tool_policy: { allowlist: ['write'], denylist: [] } },
    ]);
  });
});

describe('the workspace of a definition', () => {
  it.each(['srv/refunds', './srv', '../srv', '~/srv', ' /srv', 'C:srv'])('is refused when its path is relative: "%s"', (workspace_root) => {
    expect(problemsWith({ workspace_root })).toEqual(['workspace_root workspace_root_not_absolute']);
  });

  it('has no NUL in its path', () => {
    expect(problemsWith({ workspace_root: '/srv\0' })).toEqual(['workspace_root workspace_root_invalid']);
  });

  it.each([
    ['/srv//refunds/', '/srv/refunds'], ['/srv/./a/../b', '/srv/b'], ['/../..', '/'], ['/', '/'], ['C:\\work\\..\\x\\', 'C:\\x'], ['c:/work/./x', 'c:\\work\\x'],
  ])('is stored as one spelling: %s', (workspace_root, stored) => {
    const definition = define([nodes.transform('a')], { workspace_root });
    expect(definitionProblems(definition)).toEqual([]);
    expect(normaliseDefinition(definition).workspace_root).toBe(stored);
    expect(normaliseDefinition(normaliseDefinition(definition)).workspace_root).toBe(stored);
  });
});

describe('members that say how a node is executed', () => {
  const members: Partial<FlowNode> = { for_each: { items: [1], max_parallel: 1 }, retry_policy: {}, max_attempts: 2, timeout_ms: 10, output_contract: { kind: 'x' } };
  const each = Object.keys(members);

  it.each(each)('are refused on a gate: %s', (member) => {
    const gate = { ...nodes.gate('a'), [member]: members[member as keyof FlowNode] };
    expect(problemsIn(define([gate]))).toEqual([`flow.nodes[0].${member} gate_node_has_execution_policy`]);
  });

  it.each(each)('are refused on a wait: %s', (member) => {
    const wait = { ...nodes.timer('a'), [member]: members[member as keyof FlowNode] };
    expect(problemsIn(define([wait]))).toEqual([`flow.nodes[0].${member} wait_node_has_execution_policy`]);
  });
});
