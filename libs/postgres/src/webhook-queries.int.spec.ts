import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WebhookDeliveryFacts, WebhookMatch } from '@cs/contracts';
import { noPosition } from '@cs/kernel';
import { ProjectionMemory, projectBatch, type TenantKey } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';
import { PostgresWebhookQueries } from './webhook-queries.adapter.js';

const acme: TenantKey = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const elsewhere: readonly TenantKey[] = [{ ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu' }];
const digest = `sha256:${'a'.repeat(64)}`;
const delivery = (event: string, received_at_ms: number, trigger_id = 'wht-1'): WebhookDeliveryFacts => ({
  delivery_id: `whd-${trigger_id}-${event}`, trigger_id, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, provider: 'generic',
  provider_event_kind: 'paid', provider_event_id: event, idempotency_key: `generic:${event}`, body_digest: digest, body_bytes: 2, received_at_ms,
});

let server: TestDatabase;
let queries: PostgresWebhookQueries;

const arrive = (log: LogHistory, facts: WebhookDeliveryFacts, ...later: readonly { event_type: string; data: unknown }[]): void => {
  log.commit('webhook_delivery', facts.delivery_id, { status: 'accepted', events: [{ event_type: 'webhook_delivery_accepted', data: { receipt_id: 'r', delivery: facts, headers: {}, payload: {} } }, ...later] });
};

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresWebhookQueries(server.database);
  const log = new LogHistory();
  arrive(log, delivery('older', 100));
  arrive(log, delivery('first', 200));
  arrive(log, delivery('second', 300), { event_type: 'webhook_delivery_unmatched', data: {} });
  arrive(log, delivery('taken', 250), { event_type: 'webhook_delivery_consumed', data: { target: { kind: 'wait', run_id: 'r', wait_id: 'w' } } });
  arrive(log, delivery('first', 210, 'wht-2'));
  log.commit('webhook_delivery', 'whr-1', { status: 'rejected', events: [{ event_type: 'webhook_delivery_rejected', data: { delivery: { ...delivery('first', 205), delivery_id: 'whr-1' }, reason: 'forged' } }] });
  const memory = new ProjectionMemory({ maxRuns: 100, maxBytes: 1e8 });
  await new PostgresProjectionStore(server.database).write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: noPosition, published: noPosition });
  const wait = (run: string, match: WebhookMatch & { key: string }, [created, timeout, status]: readonly [number, number | null, string]): Promise<unknown> => {
    const { key, ...webhook_match } = match;
    return server.database.query({
      text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, timeout_at_ms, event_seq, match_trigger_id, match_key, webhook_match)
        values ('acme', 'ops', '', $1, 'w', 'webhook', $2, 'n', $3, $3, $4, 1, $5, $6, $7)`,
      values: [run, status, created, timeout, webhook_match.trigger_id, key, JSON.stringify(webhook_match)],
    });
  };
  await wait('late', { trigger_id: 'wht-1', key: '' }, [30, 900, 'waiting']);
  await wait('old', { trigger_id: 'wht-1', key: '' }, [10, 900, 'waiting']);
  await wait('due-first', { trigger_id: 'wht-1', provider_event_id: 'first', key: 'provider_event_id:first' }, [40, 500, 'waiting']);
  await wait('ended', { trigger_id: 'wht-1', key: '' }, [1, 100, 'woken']);
  await wait('other-trigger', { trigger_id: 'wht-2', key: '' }, [1, 100, 'waiting']);
  await wait('other-kind', { trigger_id: 'wht-1', provider_event_kind: 'failed', key: '' }, [1, 100, 'waiting']);
  await wait('other-event', { trigger_id: 'wht-1', provider_event_id: 'x', key: 'provider_event_id:x' }, [1, 100, 'waiting']);
}, 60_000);
afterAll(() => server.stop());

describe('waits that a delivery fits', () => {
  it('are those of its trigger whose every condition is equal: due first, then the oldest', async () => {
    expect((await queries.waitsForDelivery(acme, delivery('first', 1), 10)).map(({ run_id }) => run_id)).toEqual(['due-first', 'old', 'late']);
    expect((await queries.waitsForDelivery(acme, delivery('another', 1), 1)).map(({ run_id }) => run_id)).toEqual(['old']);
  });

  it.each(elsewhere)('are of its own tenant only: %o', async (tenant) => {
    expect(await queries.waitsForDelivery(tenant, delivery('first', 1), 10)).toEqual([]);
  });
});

describe('deliveries for a wait that registers late', () => {
  const early = (match: WebhookMatch = {}, received_from_ms = 150) => ({ match: { ...match, trigger_id: 'wht-1' }, received_from_ms, limit: 10 });

  it('are accepted ones that nobody took, the oldest first, never one that was rejected, of another trigger, or older than the lookback', async () => {
    expect(await queries.deliveriesForWait(acme, early())).toEqual(['whd-wht-1-first', 'whd-wht-1-second']);
    expect(await queries.deliveriesForWait(acme, early({}, 200))).toEqual(['whd-wht-1-first', 'whd-wht-1-second']);
    expect(await queries.deliveriesForWait(acme, early({}, 201))).toEqual(['whd-wht-1-second']);
    expect(await queries.deliveriesForWait(acme, early({ provider_event_id: 'second' }))).toEqual(['whd-wht-1-second']);
    expect(await queries.deliveriesForWait(acme, early({ provider: 'github' }))).toEqual([]);
  });

  it.each(elsewhere)('are of its own tenant only: %o', async (tenant) => {
    expect(await queries.deliveriesForWait(tenant, early())).toEqual([]);
  });
});

describe('the list of deliveries', () => {
  it('is newest first, page by page, and filtered by status', async () => {
    const { items, next } = await queries.webhookDeliveries(acme, { trigger_id: 'wht-1' }, { limit: 2 });
    const rest = await queries.webhookDeliveries(acme, { trigger_id: 'wht-1' }, { limit: 9, ...(next ? { after: next } : {}) });
    expect([...items, ...rest.items].map(({ received_at_ms }) => received_at_ms)).toEqual([300, 250, 205, 200, 100]);
    expect((await queries.webhookDeliveries(acme, { trigger_id: 'wht-1', status: 'rejected' }, { limit: 9 })).items).toMatchObject([{ delivery_id: 'whr-1', outcome: 'rejected', reason: 'forged' }]);
    for (const tenant of elsewhere) expect((await queries.webhookDeliveries(tenant, { trigger_id: 'wht-1' }, { limit: 9 })).items).toEqual([]);
  });
});
