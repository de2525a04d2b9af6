import { jest } from '@jest/globals';
import type { HumanRequestRecord, Run } from '@cs/contracts';
import { Client, shortTypes, type Answer } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(240_000);

const schema = { type: 'object', required: ['count'], properties: { count: { type: 'integer', minimum: 1 } } };

describe('questions on real servers', () => {
  let system: System;
  let client: Client;

  beforeAll(async () => {
    system = await System.start();
    client = new Client(system.url, system.paymentsUrl);
  });
  afterAll(() => system.stop());

  const define = (automation_id: string, action: Record<string, unknown>): Promise<void> =>
    client.define({ automation_id, name: automation_id, status: 'active', flow: { nodes: [{ node_id: 'ask', objective: 'ask', action: { kind: 'question', prompt: 'How many of {{ input.product }}?', ...action } }, { node_id: 'after', objective: 'after', depends_on: ['ask'], action: { kind: 'transform', expression: '{"answer": nodes.ask.output, "source": nodes.ask.answer.source}' } }] } });
  const listed = async (query: string): Promise<readonly HumanRequestRecord[]> => (await client.call('GET', `/human-requests?${query}`)).body['human_requests'] as readonly HumanRequestRecord[];
  const asked = async (automation_id: string): Promise<HumanRequestRecord> => {
    const run_id = await client.start(automation_id, { product: 'lamps' });
    await client.until(run_id, ({ status }) => status === 'paused');
    const [request] = await listed(`run_id=${run_id}&status=pending`);
    if (request === undefined) throw new Error('nothing is asked');
    return request;
  };
  const answer = ({ respond_endpoint }: HumanRequestRecord, body: unknown, headers: Record<string, string> = {}): Promise<Answer> => client.call('POST', respond_endpoint, { body, headers });
  const outputOf = (run: Run): unknown => run.checkpoint.node_outputs['after']?.content;

  it('A8: list what is asked once, take one answer that fits, and go on with it', async () => {
    await define('restock', { schema });
    const request = await asked('restock');
    expect(request).toMatchObject({ kind: 'question', status: 'pending', prompt: 'How many of lamps?', ask: null, schema, workflow_name: 'restock' });
    expect(await listed(`run_id=${request.run_id}&mine=true`)).toMatchObject([{ request_id: request.request_id }]);
    expect((await client.call('GET', `/human-requests?run_id=${request.run_id}&mine=true`, { headers: { 'x-tandem-agent-id': 'bot' } })).body['human_requests']).toEqual([]);
    expect(await answer(request, { answer: { count: 0 } })).toMatchObject({ status: 400, body: { code: 'AUTOMATION_V2_ANSWER_INVALID', problems: [{ path: 'answer.count', code: 'minimum' }] } });
    expect(await answer(request, {})).toMatchObject({ status: 400, body: { code: 'REQUEST_BODY_INVALID' } });
    expect(await answer(request, { answer: { count: 5 } }, { 'x-tandem-agent-id': 'bot' })).toMatchObject({ status: 403, body: { code: 'AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN' } });
    const taken = await answer(request, { answer: { count: 5 }, reason: 'spring' }, { 'idempotency-key': 'k-1' });
    expect(taken).toMatchObject({ status: 200, body: { ok: true, conversion: 'kept' } });
    expect(outputOf(await client.untilFinished(request.run_id))).toEqual({ answer: { count: 5 }, source: 'person' });
    expect(await answer(request, { answer: { count: 5 }, reason: 'spring' }, { 'idempotency-key': 'k-1' })).toMatchObject({ status: 200 });
    expect(await listed(`run_id=${request.run_id}&mine=true`)).toEqual([]);
    expect(await answer(request, { answer: { count: 6 } })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING', winningResponse: { status: 'answered', reason: 'spring' } } });
    expect((await client.call('GET', `/human-requests/${encodeURIComponent(request.request_id)}`)).body['human_request']).toMatchObject({ status: 'answered', answer: { count: 5 }, reason: 'spring', answer_source: 'person' });
    expect(shortTypes(await client.timeline(request.run_id)).filter((type) => type.startsWith('question'))).toEqual(['question_asked', 'question_answered']);
  });

  it('give fifty answers at the same moment one winner', async () => {
    await define('race', {});
    const request = await asked('race');
    const answers = await Promise.all(Array.from({ length: 50 }, (_none, n) => answer(request, { answer: n })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 409 && body['code'] === 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING')).toHaveLength(49);
    const won = answers.findIndex(({ status }) => status === 200);
    expect(outputOf(await client.untilFinished(request.run_id))).toEqual({ answer: won, source: 'person' });
  });

  it('take the default at the deadline, also when the runner was down by then', async () => {
    await define('deadline', { default: 7, expires_after_ms: 2000 });
    const request = await asked('deadline');
    await system.kill('runner');
    await client.until(request.run_id, () => Date.now() > (request.expires_at_ms ?? 0));
    expect(await answer(request, { answer: 1 })).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_HUMAN_REQUEST_EXPIRED' } });
    await system.startService('runner');
    expect(outputOf(await client.untilFinished(request.run_id))).toEqual({ answer: 7, source: 'default' });
  });

  it('are cancelled with their run', async () => {
    await define('cancelled', {});
    const request = await asked('cancelled');
    expect(await client.call('POST', `/automations/v2/runs/${request.run_id}/cancel`, { body: {} })).toMatchObject({ status: 200 });
    expect(await answer(request, { answer: 1 })).toMatchObject({ status: 409, body: { winningResponse: { status: 'cancelled' } } });
    await client.until(request.run_id, ({ status }) => status === 'cancelled');
    expect(await listed(`run_id=${request.run_id}`)).toMatchObject([{ status: 'cancelled', reason: 'the run is cancelled' }]);
  });

  it('are in an audit that verifies', async () => {
    await define('audited', {});
    const request = await asked('audited');
    await answer(request, { answer: 'yes' });
    await client.untilFinished(request.run_id);
    expect((await client.call('GET', '/audit/ledger/manifest')).body).toMatchObject({ verified: true });
  });
});
