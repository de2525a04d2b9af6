import { createAutomation, decideGate, getRun, listAutomations, listPendingApprovals, listReliability, listRunEvents, listRuns, observeRun, runNow } from '@cs/contracts';
import { allRoutes } from '@cs/http-api';
import { post, respond, send, startTestGateway, startTestNats, type TestGateway, type TestNats } from './gateway.fixture.js';
import { runRecord } from './run.fixture.js';

let nats: TestNats;
let gateway: TestGateway;

beforeAll(async () => {
  nats = await startTestNats();
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_LOCAL_IMPLICIT: 'true', COUNTERSIGN_LOCAL_ACTOR: 'ada' });
});
afterAll(async () => {
  await gateway?.stop();
  await nats?.stop();
});

const context = { org_id: 'local', workspace_id: 'local', source: 'local_implicit' };

describe('commands', () => {
  it('start a run and answer it in both spellings with the position written', async () => {
    const runner = await respond(nats.nc, runNow, () => ({ ok: true, value: runRecord(), position: 42 }));
    const answer = await post(gateway, '/automations/v2/refund-order/run_now', { json: { dryRun: false, input: { orderId: 7 } }, headers: { 'idempotency-key': 'k-1', 'x-correlation-id': 'c-1' } });
    runner.stop();
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'countersign-position': '42', 'x-correlation-id': 'c-1', 'x-content-type-options': 'nosniff' });
    expect(answer.body).toMatchObject({ ok: true, contextRunID: 'automation-v2-automation-v2-run-1', linked_context_run_id: 'automation-v2-automation-v2-run-1', run: { status: 'queued', blockedNodeIDs: [], lastActivityAtMs: 2 } });
    expect(runner.asked).toEqual([{
      context: { tenant: context, actor: { kind: 'human', actor_id: 'ada', source: 'local_control_panel' }, correlation_id: 'c-1' },
      payload: { automation_id: 'refund-order', command_id: 'k-1', dry_run: false, input: { orderId: 7 } },
    }]);
  });

  it('start a run without a body', async () => {
    const runner = await respond(nats.nc, runNow, () => ({ ok: true, value: runRecord() }));
    const answer = await send(gateway, '/automations/v2/refund-order/run_now', { method: 'POST' });
    runner.stop();
    expect([answer.status, runner.asked[0]?.payload]).toEqual([200, { automation_id: 'refund-order' }]);
  });

  it('hand a definition over as it was sent, in either format and spelling', async () => {
    const runner = await respond(nats.nc, createAutomation, () => ({ ok: false, refusal: { code: 'AUTOMATION_V2_INVALID', message: 'flow: missing', details: { problems: [{ path: 'flow', code: 'invalid_type', message: 'missing' }] } } }));
    const json = await post(gateway, '/automations/v2', { json: { automationId: 'a', metadata: { myKey: 1 } } });
    const yaml = await send(gateway, '/automations/v2', { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: 'automation_id: a\nmetadata: { myKey: 1 }\n' });
    runner.stop();
    expect(json).toMatchObject({ status: 400, body: { code: 'AUTOMATION_V2_INVALID', detail: 'flow: missing', error: 'flow: missing', problems: [{ path: 'flow' }] } });
    expect(yaml.status).toBe(400);
    expect(runner.asked.map(({ payload }) => payload)).toEqual([{ definition: { automation_id: 'a', metadata: { myKey: 1 } } }, { definition: { automation_id: 'a', metadata: { myKey: 1 } } }]);
  });

  it('answer a refused decision with who won', async () => {
    const winningDecision = { node_id: 'approve', decision: 'approve', decided_at_ms: 5 };
    const gate = await respond(nats.nc, decideGate, () => ({ ok: false, refusal: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', message: 'decided', details: { runID: 'r1', currentStatus: 'queued', winningDecision } } }));
    const answer = await post(gateway, '/automations/v2/runs/r1/gate', { json: { decision: 'approve', gateOpeningId: 'g1' }, headers: { 'idempotency-key': 'k' } });
    gate.stop();
    expect(answer).toMatchObject({ status: 409, body: { code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', runID: 'r1', currentStatus: 'queued', winningDecision } });
    expect(gate.asked[0]?.payload).toEqual({ run_id: 'r1', decision: 'approve', gate_opening_id: 'g1', command_id: 'k' });
  });

  it('say how long to wait when the service is not there', async () => {
    const answer = await post(gateway, '/automations/v2/refund-order/run_now', { json: {} });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'content-type': expect.stringContaining('application/problem+json') }, body: { code: 'SERVICE_UNAVAILABLE' } });
  });

  it('pass on how long the service says to wait', async () => {
    const runner = await respond(nats.nc, runNow, () => ({ ok: false, refusal: { code: 'LOG_UNAVAILABLE', message: 'log away' }, retry_after_s: 7 }));
    const answer = await post(gateway, '/automations/v2/refund-order/run_now', { json: {} });
    runner.stop();
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '7' }, body: { code: 'LOG_UNAVAILABLE' } });
  });
});

describe('reads', () => {
  it('answer lists with their count and the way to the next page', async () => {
    const automations = await respond(nats.nc, listAutomations, () => ({ ok: true, value: { items: [], next_cursor: 'c2' } }));
    const runs = await respond(nats.nc, listRuns, () => ({ ok: true, value: { items: [runRecord()] } }));
    const approvals = await respond(nats.nc, listPendingApprovals, () => ({ ok: true, value: { items: [] } }));
    expect((await send(gateway, '/automations/v2?limit=2&cursor=c1')).body).toEqual({ automations: [], count: 0, next_cursor: 'c2' });
    expect((await send(gateway, '/automations/v2/refund-order/runs')).body).toMatchObject({ automationID: 'refund-order', count: 1, runs: [{ blockedNodeIDs: [] }] });
    expect((await send(gateway, '/approvals/pending?source=automation_v2')).body).toEqual({ approvals: [], count: 0 });
    automations.stop();
    runs.stop();
    approvals.stop();
    expect(automations.asked[0]?.payload).toEqual({ limit: 2, cursor: 'c1' });
    expect(runs.asked[0]?.payload).toEqual({ automation_id: 'refund-order' });
  });

  it('pass on the position that must be reached', async () => {
    const service = await respond(nats.nc, getRun, () => ({ ok: true, value: runRecord({ run_id: 'r9' }) }));
    const answer = await send(gateway, '/automations/v2/runs/r9', { headers: { 'countersign-min-position': '17' } });
    service.stop();
    expect(answer.body).toMatchObject({ run: { run_id: 'r9' }, contextRunID: 'automation-v2-r9', linked_context_run_id: 'automation-v2-r9' });
    expect(service.asked[0]?.payload).toEqual({ run_id: 'r9', min_position: 17 });
  });

  it('pass on what lists of the ledger are filtered by, blank too, which filters nothing', async () => {
    const page = { outbox: [], tool_effects: [], dead_letters: [], compensations: [], next: { outbox: { after_id: 'o1', after_collection: 'outbox' } }, limit: 250 } as const;
    const service = await respond(nats.nc, listReliability, () => ({ ok: true, value: page }));
    const answers = [
      await send(gateway, '/stateful-runtime/reliability?status=&source_type='), await send(gateway, '/stateful-runtime/reliability?status=Dead-Lettered&source_type=all&active_recovery_only=true&limit=5000&before_created_at_ms=7'),
      await send(gateway, '/stateful-runtime/runs/r9/reliability?status=&after_id=o1&after_collection=outbox'),
    ];
    const refused = await send(gateway, `/stateful-runtime/reliability?status=${'x'.repeat(65)}&after_collection=waits`);
    service.stop();
    expect(answers.map(({ status, body }) => [status, (body as { pagination: unknown }).pagination])).toEqual(answers.map(() => [200, { limit: 250, next: page.next }]));
    expect(service.asked.map(({ payload }) => payload)).toEqual([
      { status: '', source_type: '' }, { status: 'Dead-Lettered', source_type: 'all', active_recovery_only: true, limit: 5000, before_created_at_ms: 7 }, { status: '', after_id: 'o1', after_collection: 'outbox', run_id: 'r9', of_run: true },
    ]);
    expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_QUERY_INVALID' } });
  });

  it('take the older name of after_seq', async () => {
    const service = await respond(nats.nc, listRunEvents, () => ({ ok: true, value: { run_id: 'r9', events: [], count: 0 } }));
    await send(gateway, '/stateful-runtime/runs/r9/events?since_seq=3&tail=true');
    service.stop();
    expect(service.asked[0]?.payload).toEqual({ run_id: 'r9', after_seq: 3, tail: true });
  });
});

describe('a document that its service wrote', () => {
  const document = '{"run_id":"r1","note":"Zoë “signs”","counts":{"events":0}}';
  const answering = async (reply: string) => {
    const service = nats.nc.subscribe(observeRun.subject, { callback: (_error, message) => void message.respond(reply) });
    await nats.nc.flush();
    return service;
  };

  it('goes on byte by byte, as JSON', async () => {
    const service = await answering(`{"isDisposed":true,"response":{"ok":true,"value":${document}}}`);
    const answer = await send(gateway, '/stateful-runtime/runs/r1/observability');
    service.unsubscribe();
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([200, 'application/json; charset=utf-8', document]);
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(document)));
  });

  it('is refused as every answer is: what is wrong with the question, that nothing is there, that nobody answers', async () => {
    expect(await send(gateway, '/stateful-runtime/runs/r1/observability?event_limit=many')).toMatchObject({ status: 400, body: { code: 'REQUEST_QUERY_INVALID' } });
    expect(await send(gateway, '/stateful-runtime/runs/r1/observability')).toMatchObject({ status: 503, headers: { 'retry-after': '1' }, body: { code: 'SERVICE_UNAVAILABLE' } });
    const service = await answering(JSON.stringify({ isDisposed: true, response: { ok: false, refusal: { code: 'stateful_run_not_found', message: 'there is no run "r1"', details: { run_id: 'r1' } } } }));
    expect(await send(gateway, '/stateful-runtime/runs/r1/observability')).toMatchObject({ status: 404, headers: { 'content-type': expect.stringContaining('application/problem+json') }, body: { code: 'stateful_run_not_found', run_id: 'r1' } });
    service.unsubscribe();
  });
});

describe('documents', () => {
  it('tell that the process lives and is ready', async () => {
    expect(await send(gateway, '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await send(gateway, '/readyz')).toMatchObject({ status: 200, body: { ready: true, checks: { nats: { ok: true } } } });
  });

  it('count requests by route, not by id', async () => {
    await send(gateway, '/automations/v2/some-id-of-mine');
    const { text } = await send(gateway, '/metrics');
    expect(/duration_seconds_count\{.*route="\/automations\/v2\/\{automation_id\}"/.test(text)).toBe(true);
    expect(text.includes('some-id-of-mine')).toBe(false);
  });

  it('describe the API without any foreign script', async () => {
    const page = await send(gateway, '/docs');
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    for (const [, file] of page.text.matchAll(/(?:href|src)="(\/[^"]+)"/g)) expect([file, (await send(gateway, String(file))).status]).toEqual([file, 200]);
    expect(page.text).not.toMatch(/<script>|https?:/);
    expect((await send(gateway, '/docs/errors')).text).toContain('id="AUTOMATION_V2_RUN_NOT_FOUND"');
    expect((await send(gateway, '/openapi.json')).body).toMatchObject({ openapi: '3.1.1' });
    expect((await send(gateway, '/asyncapi.json')).body).toMatchObject({ asyncapi: '3.0.0' });
    expect((await send(gateway, '/schemas/run.run_created')).body).toMatchObject({ title: 'run.run_created, version 1' });
    expect(await send(gateway, '/schemas/nothing')).toMatchObject({ status: 404, body: { code: 'SCHEMA_NOT_FOUND' } });
    expect(await send(gateway, '/docs/assets/package.json')).toMatchObject({ status: 404, body: { code: 'ROUTE_NOT_FOUND' } });
  });

  it('are about the routes that there are, all of them and no other', () => {
    expect([...gateway.routes].sort()).toEqual(allRoutes.map(({ method, path }) => `${method} ${path.replace(/\{([^}]+)\}/g, ':$1')}`).sort());
  });
});

describe('a port that is taken', () => {
  it('is named, with what to set', async () => {
    await expect(startTestGateway(nats.url, { COUNTERSIGN_LOCAL_IMPLICIT: 'true', PORT: String(gateway.port) })).rejects.toThrow(`port ${gateway.port} on 127.0.0.1 is taken; set PORT to another one`);
  });
});
