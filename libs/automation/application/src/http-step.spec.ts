import { automationDefinitionSchema, type EffectIntent, type FlowNode, type HttpAction } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { effectModeOf, resolveHttpStep } from './http-step.js';
import { automation, evaluator, nodes } from './in-memory-application.fixture.js';
import type { HttpStep } from './step-runner.port.js';

const nodeOf = (action: Record<string, Json>, extra: Record<string, Json> = {}): { node: FlowNode; action: HttpAction } => {
  const [node] = automationDefinitionSchema.parse(automation([{ ...(nodes.http('pay', action) as Record<string, Json>), ...extra }])).flow.nodes;
  if (node?.action?.kind !== 'http') throw new Error('no http node');
  return { node, action: node.action };
};
const effect = (mode: EffectIntent['mode']): EffectIntent => ({ effect_id: 'run:pay:0', idempotency_key: 'run:pay:0', mode });
const resolve = async (action: Record<string, Json>, { extra = {}, mode = 'keyed' }: { extra?: Record<string, Json>; mode?: EffectIntent['mode'] } = {}): Promise<HttpStep> => {
  const parts = nodeOf(action, extra);
  return await resolveHttpStep(parts.node, parts.action, {
    evaluator, effect: effect(mode), secrets: new Map([['TOKEN', 'tok-1'], ['OTHER', 'other-1']]), scope: { input: { id: 7, deep: { a: 1 } } },
  });
};

describe('how safe it is to send a request again', () => {
  it.each([
    ['GET', undefined, 'safe'], ['HEAD', undefined, 'safe'], ['PUT', undefined, 'safe'], ['DELETE', undefined, 'safe'],
    ['POST', undefined, 'keyed'], ['PATCH', undefined, 'keyed'],
    ['POST', 'none', 'none'], ['POST', 'safe', 'safe'], ['GET', 'none', 'none'], ['PUT', { header: 'X-Key' }, 'keyed'],
  ] as const)('%s with idempotency %j is %s', (method, idempotency, mode) => {
    expect(effectModeOf({ kind: 'http', method, url: 'x', ...(idempotency === undefined ? {} : { idempotency }) })).toBe(mode);
  });
});

describe('an http step', () => {
  it('has every expression resolved; headers and query are text, the body keeps its types', async () => {
    const step = await resolve({ url: 'http://peer/{{ input.id }}', headers: { 'x-id': '{{ input.id }}', 'x-deep': '{{ input.deep }}' }, query: { q: '{{ input.id }}' }, body: { id: '{{ input.id }}', all: '{{ input }}' } });
    expect(step).toEqual({
      node_id: 'pay', method: 'POST', url: 'http://peer/7', headers: { 'x-id': '7', 'x-deep': '{"a":1}' }, query: { q: '7' }, body: { id: 7, all: { id: 7, deep: { a: 1 } } },
      secrets: [], timeout_ms: 30_000, idempotency: { header: 'Idempotency-Key', key: 'run:pay:0' },
    });
  });

  it('carries the key of its effect in the header that the peer reads, and only where a key is what makes it safe', async () => {
    expect((await resolve({ idempotency: { header: 'X-Once' } })).idempotency).toEqual({ header: 'X-Once', key: 'run:pay:0' });
    for (const mode of ['safe', 'none'] as const) expect(await resolve({}, { mode })).not.toHaveProperty('idempotency');
  });

  it('takes over the time limit, the expected status and how the answer is read', async () => {
    expect(await resolve({ expect_status: 201, response: 'text' }, { extra: { timeout_ms: 500 } })).toMatchObject({ timeout_ms: 500, expect_status: [201], response: 'text' });
    expect(await resolve({ expect_status: [200, 404] })).toMatchObject({ expect_status: [200, 404] });
    expect(await resolve({})).not.toHaveProperty('body');
  });

  it('knows the secrets that it names, and no others', async () => {
    const step = await resolve({ headers: { authorization: 'Bearer {{ secrets.TOKEN }}' } });
    expect([step.headers['authorization'], step.secrets]).toEqual(['Bearer tok-1', ['tok-1']]);
    await expect(resolve({ body: { all: '{{ secrets }}' } })).resolves.toMatchObject({ body: { all: {} }, secrets: [] });
    await expect(resolve({ body: { all: '{{ $keys(secrets) }}' }, headers: { a: '{{ secrets.TOKEN }}' } })).resolves.toMatchObject({ body: { all: 'TOKEN' } });
  });

  it.each<[Record<string, Json>, string, string]>([
    [{ headers: { a: '{{ secrets.MISSING }}' } }, 'action.headers.a', 'secret "MISSING" has no value here; set COUNTERSIGN_SECRET_MISSING'],
    [{ body: { list: ['{{ input.nothing }}'] } }, 'action.body.list[0]', '"input.nothing" selects nothing'],
    [{ url: 'http://{{ input.id' }, 'action.url', '"{{" has no "}}"'],
  ])('that cannot be resolved says where and why: %j', async (action, path, message) => {
    await expect(resolve(action)).rejects.toMatchObject({ path, message });
  });
});
