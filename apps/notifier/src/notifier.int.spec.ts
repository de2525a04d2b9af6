import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Test } from '@nestjs/testing';
import type { INestApplicationContext } from '@nestjs/common';
import { verifyWebhook } from '@cs/channels';
import { listPendingApprovals, runEvents, type AggregateRef, type GateDecisionRecord, type PendingGate, type RunEvent } from '@cs/contracts';
import type { EventPublisher, Eventing } from '@cs/eventing';
import { EVENTING, EVENT_PUBLISHER, NATS_CONNECTION, NatsModule } from '@cs/jetstream';
import type { OpenGates } from '@cs/notification';
import { loadConfig, PlatformModule } from '@cs/platform';
import { eventually, startTestNats, type TestNats } from '@cs/testing';
import { jest } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { notifierConfigSchema } from './config.js';
import { NotifierModule } from './notifier.module.js';
import { OPEN_GATES } from './tokens.js';

jest.setTimeout(60_000);
const secret = 'a webhook secret of its own';

describe('the notifier on a real broker', () => {
  let nats: TestNats;
  let receiver: Server;
  const received: { readonly key: string; readonly notice: string; readonly run: string; readonly card: unknown }[] = [];
  let answer = 204;

  beforeAll(async () => {
    nats = await startTestNats();
    receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const signature = String(request.headers['countersign-signature']);
        const parsed = JSON.parse(body) as { type: string; data: { run_id: string; card: unknown } };
        if (verifyWebhook(secret, { signature, body, nowMs: Date.now() })) received.push({ key: String(request.headers['idempotency-key']), notice: parsed.type, run: parsed.data.run_id, card: parsed.data.card });
        response.writeHead(answer).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await nats.stop();
  });

  const start = async (): Promise<INestApplicationContext> => {
    const config = loadConfig(notifierConfigSchema, {
      NATS_URL: nats.url, LOG_LEVEL: 'silent', NOTIFIER_CONSOLE: 'false', NOTIFIER_WEBHOOK_SECRET: secret, COUNTERSIGN_EGRESS_ALLOW: '127.0.0.1',
      NOTIFIER_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`,
    });
    const module = await Test.createTestingModule({
      imports: [PlatformModule.forRoot({ name: 'notifier-test', natsUrl: nats.url, logLevel: 'silent' }), NatsModule.forRoot({ url: nats.url, name: 'notifier-test' }), NotifierModule.forRoot(config)],
    }).compile();
    return module.init();
  };

  const openGate = (run: string): RunEvent => {
    const approval_request_id = `automation_v2:${run}:approve`;
    const gate: PendingGate = {
      node_id: 'approve', approval_request_id, gate_opening_id: `${approval_request_id}:1`, wait_id: 'w', transition_id: 't', title: 'Refund', decisions: ['approve'], rework_targets: [], requested_at_ms: 1, upstream_node_ids: [],
    };
    return { event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } };
  };
  const decideGate = (run: string, record: Pick<GateDecisionRecord, 'decision' | 'decided_by'> = { decision: 'approve', decided_by: { kind: 'human', actor_id: 'grace' } }): RunEvent => ({
    event_type: 'approval_gate_decided', data: { node_id: 'approve', gate_opening_id: `automation_v2:${run}:approve:1`, decided_at_ms: 2, ...record },
  });

  /** What the runner commits and the projector publishes. */
  const happen = async (app: INestApplicationContext, run: string, event: RunEvent): Promise<void> => {
    const { store } = app.get<Eventing>(EVENTING);
    const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run };
    const previous = await store.last(ref);
    const version = (previous?.commit.version ?? 0) + 1;
    const event_id = `${run}-${version}`;
    const recorded = { event_id, event_type: event.event_type, version: runEvents[event.event_type].version, recorded_at_ms: Date.now(), correlation_id: 'refund-order', data: JSON.parse(JSON.stringify(event.data)) };
    const appended = await store.append(ref, 'awaiting_approval', { commit_id: event_id, previous: previous?.position ?? 0, version, events: [recorded] });
    if (appended.kind === 'conflict') throw new Error('conflict');
    const { org_id, workspace_id } = ref;
    await app.get<EventPublisher>(EVENT_PUBLISHER).publish([{
      ref, position: appended.position, index: 0,
      event: { event_id, event_type: event.event_type, aggregate: 'run', aggregate_id: run, org_id, workspace_id, seq: version, position: appended.position, status: 'awaiting_approval', occurred_at_ms: Date.now(), data: recorded.data },
    }]);
  };
  const noticesOf = (run: string): readonly string[] => received.filter((entry) => entry.run === run).map(({ notice }) => notice);

  it('tells of a gate and of its decision, once each, also over a restart', async () => {
    const first = await start();
    await happen(first, 'run-1', openGate('run-1'));
    await eventually(() => noticesOf('run-1').length === 1);
    await happen(first, 'run-1', decideGate('run-1'));
    await eventually(() => noticesOf('run-1').length === 2);
    expect(noticesOf('run-1')).toEqual(['gate_opened', 'gate_decided']);
    await first.close();

    const second = await start();
    await happen(second, 'run-2', openGate('run-2'));
    await eventually(() => noticesOf('run-2').length === 1);
    expect(noticesOf('run-1')).toHaveLength(2);
    await second.close();
  });

  it('reads the gates that wait from the inbox of the workspace, a page at a time', async () => {
    const app = await start();
    const nc = app.get<NatsConnection>(NATS_CONNECTION);
    const asked: unknown[] = [];
    nc.subscribe(listPendingApprovals.subject, {
      callback: (_error, message) => {
        const { id, data } = message.json<{ id: string; data: { payload: { cursor?: string } } }>();
        asked.push(data);
        const value = data.payload.cursor === undefined ? { items: [{ automation_id: 'a', run_id: 'r', gate_opening_id: 'o' }], next_cursor: 'more' } : { items: [] };
        message.respond(JSON.stringify({ id, response: { ok: true, value }, isDisposed: true }));
      },
    });
    await nc.flush();
    const gates = app.get<OpenGates>(OPEN_GATES);
    const tenant = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;
    expect(await gates.page(tenant, undefined)).toEqual({ gates: [{ automation_id: 'a', run_id: 'r', gate_opening_id: 'o' }], next: 'more' });
    expect(await gates.page(tenant, 'more')).toEqual({ gates: [] });
    expect(asked).toMatchObject([{ context: { tenant, actor: { kind: 'system' } } }, { payload: { cursor: 'more' } }]);
    await app.close();
  });

  it('says of a gate that expired that nobody decided it in time', async () => {
    const app = await start();
    await happen(app, 'run-4', openGate('run-4'));
    await eventually(() => noticesOf('run-4').length === 1);
    await happen(app, 'run-4', decideGate('run-4', { decision: 'expired', decided_by: { kind: 'system', source: 'automation_gate_expiry' } }));
    await eventually(() => noticesOf('run-4').length === 2);
    expect(received.filter(({ run }) => run === 'run-4').map(({ card }) => card)).toMatchObject([
      { status: 'pending' }, { status: 'expired', actions: [], summary: 'Expired: nobody decided in time.' },
    ]);
    await app.close();
  });

  it('tries again what the receiver could not take, with the same key', async () => {
    const app = await start();
    answer = 503;
    await happen(app, 'run-3', openGate('run-3'));
    await eventually(() => noticesOf('run-3').length === 1);
    answer = 204;
    await eventually(() => noticesOf('run-3').length === 2, { timeoutMs: 15_000 });
    expect(new Set(received.filter(({ run }) => run === 'run-3').map(({ key }) => key)).size).toBe(1);
    await app.close();
  });
});
