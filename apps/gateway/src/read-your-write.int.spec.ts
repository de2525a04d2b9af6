import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as contracts from '@cs/contracts';
import type { RpcMethod } from '@cs/contracts';
import { allRoutes, type RouteDefinition } from '@cs/http-api';
import { send, startTestGateway, startTestNats, type Asked, type TestGateway, type TestNats } from './gateway.fixture.js';
import { runRecord } from './run.fixture.js';

let nats: TestNats;
let gateway: TestGateway;
/** What the services were asked. */
const asked: { readonly subject: string; readonly payload: Asked['payload'] }[] = [];

/** Has every member that an answer is made from, so that one value stands for all of them. */
const anything = {
  ...runRecord(), run: runRecord(), items: [], events: [], waits: [], differences: [], handoffs: { inbox: [], approved: [], archived: [] }, inbox: [], approved: [], archived: [], resets: [], preview: {}, automation: {}, delivery_id: 'd', outcome: 'received', outbox: [], tool_effects: [], dead_letters: [], compensations: [], next: {}, complete: true, violations: [], missing_keys: [], anchors: {},
};

beforeAll(async () => {
  nats = await startTestNats();
  gateway = await startTestGateway(nats.url, { COUNTERSIGN_LOCAL_IMPLICIT: 'true', COUNTERSIGN_LOCAL_ACTOR: 'ada' });
  nats.nc.subscribe('cs.rpc.>', {
    callback: (_error, message) => {
      const { id, data } = message.json<{ id: string; data: Asked }>();
      asked.push({ subject: message.subject, payload: data.payload });
      message.respond(JSON.stringify({ id, response: { ok: true, value: anything, position: 42 }, isDisposed: true }));
    },
  });
  await nats.nc.flush();
});
afterAll(async () => {
  await gateway?.stop();
  await nats?.stop();
});

/** What a body has to hold, by operation; the others take an empty one. A route that is not here and needs more answers 400, and its test fails. */
const bodies: Readonly<Record<string, unknown>> = {
  addGrant: { kind: 'modify', agent_id: 'a' }, changeGovernedAgent: { agent_id: 'a', creation_paused: true }, changeGovernanceLimits: {}, completeGovernanceReview: { automation_id: 'a' }, extendAutomation: { expires_at_ms: 1 },
  requestGovernanceApproval: { approval_type: 'activation' }, depositHandoff: { artifact_type: 'x' }, answerQuestion: { answer: 1 }, respondEscalation: { accepted: true }, decideGate: { decision: 'approve' },
  reconcileEffect: { outcome: 'failed' }, repairRun: { node_id: 'n' }, setDisposition: { disposition: 'accepted' }, shareAutomation: { visibility: 'org' }, publishEffectPolicy: { policies: 'permit (principal, action, resource);' },
  dryRunEffectPolicy: { policies: 'permit (principal, action, resource);' }, setDelegation: { stand_in: 'bob', until_ms: 1 }, resolveWait: { idempotency_key: 'k' }, recordUsage: { usage_id: 'u', total_tokens: 1 }, overrideGuardrails: { max_total_tokens: 1 },
  createWebhookTrigger: { name: 'x', provider: 'generic' }, patchWebhookTrigger: { name: 'y' },
  putChannel: { kind: 'webhook', name: 'x', settings: { recipient: 'https://example.com' } }, decideCompensation: { decision: 'approve' }, decideDeadLetter: { choice: 'retry' },
  importRunHistory: JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../../docs/guides/examples/run-import.json'), 'utf8')),
};
const params: Readonly<Record<string, string>> = { number: '1', approval_id: 'approval-1', public_token: 'x'.repeat(43), delegation_id: `delegation-${'0'.repeat(32)}-${'0'.repeat(16)}`, handoff_id: 'handoff-00000000-0000-4000-8000-000000000000' };

const addressOf = ({ path }: RouteDefinition): string => path.replaceAll(/\{([^}]+)\}/g, (_part, name: string) => params[name] ?? 'x1');

const ask = async (route: RouteDefinition) => {
  asked.length = 0;
  const hasBody = route.body !== undefined;
  return send(gateway, addressOf(route), {
    method: route.method, headers: { 'countersign-min-position': '17', ...(hasBody ? { 'content-type': 'application/json' } : {}) }, ...(hasBody ? { body: JSON.stringify(bodies[route.operationId] ?? {}) } : {}),
  });
};

const isMethod = (value: unknown): value is RpcMethod => typeof value === 'object' && value !== null && 'subject' in value && 'payload' in value;
const methods = new Map(Object.values<unknown>(contracts).filter(isMethod).map((method) => [method.subject, method]));

const named = (kind: RouteDefinition['kind']) => allRoutes.filter((route) => route.kind === kind).map((route): [string, RouteDefinition] => [`${route.method} ${route.path}`, route]);

describe('every route', () => {
  it.each(named('read'))('that reads projections waits for the position that is asked for: %s', async (_name, route) => {
    const { status, body } = await ask(route);
    expect([route.operationId, status, body['detail']]).toEqual([route.operationId, 200, undefined]);
    expect(asked.length).toBeGreaterThan(0);
    for (const { subject, payload } of asked) {
      expect(payload).toMatchObject({ min_position: 17 });
      // What a service does not know of a payload it does not see.
      expect(methods.get(subject)?.payload.parse(payload)).toMatchObject({ min_position: 17 });
      expect(subject).toMatch(/^cs\.rpc\.observability\./);
    }
  });

  // A platform is answered in its own protocol, and reads nothing afterwards.
  const callers = named('command').filter(([, { operationId }]) => operationId !== 'receiveChannelCallback');

  it.each(callers)('that commands answers the position that was written: %s', async (_name, route) => {
    const { status, body, headers } = await ask(route);
    expect([route.operationId, status, body['detail'], headers['countersign-position']]).toEqual([route.operationId, 200, undefined, '42']);
  });
});
