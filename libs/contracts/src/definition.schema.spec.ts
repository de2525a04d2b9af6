import type { Json } from '@cs/kernel';
import fc from 'fast-check';
import { automationDefinitionSchema } from './definition.schema.js';
import { respell } from './definition-spelling.js';
import { problemsOf } from './problem-list.js';

const node = { node_id: 'a', objective: 'Do it', action: { kind: 'transform', expression: '1' } };
const definition = { automation_id: 'refund', name: 'Refund', flow: { nodes: [node] } };
const withNode = (...nodes: readonly Json[]): Json => ({ ...definition, flow: { nodes } });

/** What the API does with a body: respell, then validate. */
const check = (body: Json) => {
  const parsed = automationDefinitionSchema.safeParse(respell(body));
  return parsed.success ? { value: parsed.data, problems: [] } : { value: undefined, problems: problemsOf(parsed.error) };
};
const problemsIn = (body: Json) => check(body).problems.map(({ path, code }) => `${path} ${code}`);

describe('a definition', () => {
  it('gets its defaults', () => {
    expect(check(definition).value).toEqual({
      automation_id: 'refund', name: 'Refund', status: 'draft', schedule: { type: 'manual', timezone: 'UTC' }, agents: [],
      flow: { nodes: [{ ...node, depends_on: [] }] },
    });
  });

  it.each([
    ['at the top', { ...definition, colour: 'red' }, 'colour'],
    ['in the flow', { ...definition, flow: { nodes: [node], edges: [] } }, 'flow.edges'],
    ['in a node', withNode(node, { ...node, node_id: 'b', dependsUpon: ['a'] }), 'flow.nodes[1].depends_upon'],
    ['in an action', withNode({ ...node, action: { ...node.action, expr: '1' } }), 'flow.nodes[0].action.expr'],
    ['in a gate', withNode({ node_id: 'a', objective: 'x', gate: { signers: [] } }), 'flow.nodes[0].gate.signers'],
    ['in a retry policy', withNode({ ...node, retry_policy: { backoff: { jitter: 1 } } }), 'flow.nodes[0].retry_policy.backoff.jitter'],
    ['in the schedule', { ...definition, schedule: { type: 'manual', cron: '* * * * *' } }, 'schedule.cron'],
  ])('names a member that it does not know %s with its path', (_where, body, path) => {
    expect(check(body as Json).problems).toContainEqual(expect.objectContaining({ path, code: 'unknown_member' }));
  });

  it('names several unknown members one by one', () => {
    expect(problemsIn({ ...definition, one: 1, two: 2 })).toEqual(['one unknown_member', 'two unknown_member']);
  });

  it('takes the camelCase spelling of its members', () => {
    const body = {
      automationId: 'refund', name: 'Refund', inputSchema: { type: 'object' },
      flow: {
        nodes: [
          { nodeId: 'a', objective: 'x', timeoutMs: 500, retryPolicy: { maxAttempts: 2, backoff: { initialDelayMs: 5 } }, action: { kind: 'http', method: 'GET', url: 'https://example.org', expectStatus: 200 } },
          { nodeId: 'b', objective: 'y', dependsOn: ['a'], gate: { reworkTargets: ['a'], expiryPolicy: { expiresAfterMs: 1000 } } },
        ],
      },
    };
    expect(check(body)).toMatchObject({
      problems: [],
      value: {
        automation_id: 'refund', input_schema: { type: 'object' },
        flow: { nodes: [{ node_id: 'a', timeout_ms: 500, retry_policy: { max_attempts: 2, backoff: { initial_delay_ms: 5 } }, action: { expect_status: 200 } }, { node_id: 'b', depends_on: ['a'], gate: { rework_targets: ['a'], expiry_policy: { expires_after_ms: 1000 } } }] },
      },
    });
  });

  it('does not choose between both spellings of one member', () => {
    expect(problemsIn({ ...definition, automationId: 'other' })).toEqual(['automationId unknown_member']);
    expect(problemsIn(withNode({ ...node, nodeId: 'b' }))).toEqual(['flow.nodes[0].nodeId unknown_member']);
    // The order in which they were written makes no difference.
    expect(problemsIn({ automationId: 'other', ...definition })).toEqual(['automationId unknown_member']);
  });

  it('leaves what belongs to its author as it was written', () => {
    const body = {
      ...definition, metadata: { ownerTeam: 'x', nested: { deepKey: 1 } }, inputSchema: { properties: { orderId: { minLength: 1 } } },
      flow: { nodes: [{ nodeId: 'a', objective: 'x', metadata: { myKey: 1 }, action: { kind: 'http', method: 'POST', url: 'https://example.org', headers: { XTrace: '1' }, query: { pageSize: '5' }, body: { orderId: 'o' } } }] },
    };
    expect(check(body).value).toMatchObject({
      metadata: { ownerTeam: 'x', nested: { deepKey: 1 } }, input_schema: { properties: { orderId: { minLength: 1 } } },
      flow: { nodes: [{ metadata: { myKey: 1 }, action: { headers: { XTrace: '1' }, query: { pageSize: '5' }, body: { orderId: 'o' } } }] },
    });
  });

  it.each([
    ['an automation id with a dot', { ...definition, automation_id: 'a.b' }, 'automation_id'],
    ['a node id with a wildcard', withNode({ ...node, node_id: '*' }), 'flow.nodes[0].node_id'],
    ['no nodes', withNode(), 'flow.nodes'],
    ['an action of no kind', withNode({ ...node, action: { kind: 'shell', command: 'rm' } }), 'flow.nodes[0].action.kind'],
    ['a fraction of an attempt', withNode({ ...node, retry_policy: { max_attempts: 1.5 } }), 'flow.nodes[0].retry_policy.max_attempts'],
    ['a missing name', { automation_id: 'a', flow: { nodes: [node] } }, 'name'],
    ['an idempotency header and a mode at once', withNode({ ...node, action: { kind: 'http', method: 'GET', url: 'u', idempotency: { header: 'K', mode: 'safe' } } }), 'flow.nodes[0].action.idempotency.mode'],
  ])('is refused with the path of %s', (_what, body, path) => {
    expect(check(body as Json).problems.map((problem) => problem.path)).toContain(path);
  });

  it('reports at most 20 problems', () => {
    const nodes = Array.from({ length: 60 }, () => ({ node_id: '!' }));
    expect(check(withNode(...nodes)).problems).toHaveLength(20);
  });
});

describe('respelling', () => {
  it('changes nothing the second time, and nothing that is in snake_case', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const once = respell(value as Json);
      expect(respell(once)).toEqual(once);
    }));
    expect(respell({ node_id: 'aB', depends_on: ['cD'] })).toEqual({ node_id: 'aB', depends_on: ['cD'] });
  });
});
