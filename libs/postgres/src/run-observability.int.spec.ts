import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PolicyDecision, RunObservability } from '@cs/contracts';
import { toPosition } from '@cs/kernel';
import { observeRunRows, ProjectionMemory, projectBatch, toStatefulRun, type Reader } from '@cs/read-models';
import { LogHistory, sha256 } from './log-history.fixture.js';
import { migrate } from './migrate.js';
import { PostgresProjectionStore } from './projection-store.adapter.js';
import { PostgresRunObservability } from './run-observability.adapter.js';
import { startTestDatabase, type TestDatabase } from './test-database.fixture.js';

const acme: Reader = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const person = { kind: 'human', actor_id: 'ada' } as const;
const digest = `sha256:${'0'.repeat(64)}`;
const limits = { event_limit: 100, snapshot_limit: 100, reliability_limit: 100, audit_limit: 100 };

const decision = (run_id: string, number: number, over: Partial<PolicyDecision> = {}): PolicyDecision => ({
  decision_id: `policy_decision:${run_id}:${number}`, node_id: 'charge', attempt: 1, effect_id: `${run_id}:charge:${number}`, decision: 'deny', reason_code: 'denied_by_policy', reason: 'because',
  judgement: { outcome: 'deny', reason_code: 'denied_by_policy', reason: 'because', elevated: false, policy_version: '1:x', policy_ids: ['no-money'] }, arguments_digest: digest,
  judged: { automation_id: 'refund', node_id: 'charge', action_kind: 'http', tool: 'pay', risk_tier: 'external_send', data_classes: [], requested_by: person, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false }, ...over,
});

let server: TestDatabase;
let queries: PostgresRunObservability;

const write = async (log: LogHistory, after: number): Promise<void> => {
  const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 });
  await new PostgresProjectionStore(server.database).write(projectBatch(log.entries, { memory, digest: sha256, now: 5 }), { after: toPosition(after), published: toPosition(0) });
};

const deny = (log: LogHistory, run: string, number: number): void =>
  log.run(run, 'running', { event_type: 'policy_effect_denied', data: decision(run, number) });

beforeAll(async () => {
  server = await startTestDatabase();
  await migrate(server.database);
  queries = new PostgresRunObservability(server.database);
  await new PostgresProjectionStore(server.database).progress();
  const log = new LogHistory();
  log.automation('refund');
  log.automation('private', { owner_principal: { kind: 'human_user', id: 'bob' }, visibility: 'private', audience_principals: [] });
  log.created('same');
  log.startedNode('same');
  deny(log, 'same', 1);
  log.gateOpened('same');
  log.created('judged');
  for (let number = 1; number <= 7; number += 1) deny(log, 'judged', number);
  log.created('hidden', 'private');
  log.created('odd', 'refund', { text: 'nothing\u0000 and half \ud800 a letter', nested: { '\u0000': ['"', '\\'] } });
  await write(log, 0);
  const local = new LogHistory({ org_id: 'local', workspace_id: 'local' }, log.position);
  local.created('same');
  local.completed('same');
  await write(local, log.position);
}, 60_000);
afterAll(() => server.stop());

const observe = async (run_id: string, over: Partial<typeof limits> = {}, reader: Reader = acme): Promise<RunObservability | undefined> => {
  const wanted = { ...limits, ...over };
  const rows = await queries.observedRun(reader, run_id, wanted);
  return rows && (JSON.parse(observeRunRows({ run: toStatefulRun(rows.run), rows, gates: rows.run.run.checkpoint, snapshots: [] }, wanted).text) as RunObservability);
};

describe('the observability of a run', () => {
  it('one response joins governance, waits, reliability and audit', async () => {
    const found = await observe('same');
    expect(found).toMatchObject({
      run_id: 'same', source: 'stateful_runtime_observability', run: { status: 'awaiting_approval', active_wait_id: 'automation_v2:same:sign:wait', last_seq: 6, latest_snapshot_id: 'run-same-approval_gate_opened-5-0' },
      current_wait: { wait_id: 'automation_v2:same:sign:wait', wait_kind: 'approval', status: 'waiting', metadata: { gate_opening_id: 'same-sign-1' }, scope: { tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: null } } },
      policy_decisions: [{ decision_id: 'policy_decision:same:1', tool: 'pay', risk_tier: 'external_send', policy_id: 'no-money', grant_id: null, decision: 'deny' }],
      events: { latest: { seq: 6, event_type: 'stateful_runtime.automation_v2.approval_gate_opened', phase_id: 'sign' } },
      reliability: { tool_effects: [{ status: 'failed', run_id: 'same' }] },
      operator_summary: {
        is_blocked: true, blocking_reasons: [{ kind: 'active_wait' }, { kind: 'policy_decision', decision_id: 'policy_decision:same:1' }, { kind: 'tool_effect', status: 'failed' }],
        allowed_actions: [{ action: 'review_wait', wait_ids: ['automation_v2:same:sign:wait'] }, { action: 'retry_or_reconcile_effect' }],
      },
      counts: { waits: 1, active_waits: 1, policy_decisions: 1, events: 6 }, limits,
    });
    expect(found?.events.tail.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(found?.events.tail[4]).toMatchObject({ schema_version: 1, actor: person, payload: { event: 'node_completed' } });
    const audited = found?.audit.protected_events.map(({ event_type }) => event_type);
    expect(audited).toEqual(expect.arrayContaining(['automation.policy.effect_denied']));
    expect(found?.audit.protected_events.map(({ event_id }) => event_id)).toContain(found?.policy_decisions[0]?.audit_event_id);
  });

  it('shows of the audit the digest of what it stores, and nothing that it says', async () => {
    const found = await observe('same');
    const stored = await server.database.query<{ event_id: string; payload: string; seq: number }>({ text: `select event_id, payload, seq from countersign.audit_records where payload like '%"runID":"same"%' and org_id = 'acme' order by seq` });
    expect(found?.audit).toEqual({
      payload_policy: 'redacted_payload_digest_only',
      protected_events: stored.map(({ event_id, payload, seq }) => ({ event_id, seq, payload_digest: `sha256:${sha256(payload)}`, event_type: expect.any(String), created_at_ms: expect.any(Number), record_hash: expect.any(String), actor: person })),
    });
    expect(stored.length).toBeGreaterThan(1);
  });

  it('protected audit tail keeps newest', async () => {
    const all = (await observe('judged'))?.audit.protected_events.map(({ seq }) => seq) ?? [];
    const tail = (await observe('judged', { audit_limit: 3 }))?.audit.protected_events.map(({ seq }) => seq);
    expect(tail).toEqual(all.slice(-3));
    expect(all.length).toBeGreaterThan(3);
  });

  it('names what the audit says of the run or of a decision that is shown, anywhere in a record, and nothing that only sounds like it', async () => {
    const records = [
      { seq: 901, payload: { request: { targets: [{ run: 'odd' }] } } }, { seq: 902, payload: { note: 'of odd' } }, { seq: 903, payload: { odd: 'run' } }, { seq: 904, payload: { runID: 'other', deep: ['odd'] } },
      { seq: 905, payload: { text: 'a "quote": \\', last: 'odd' } }, { seq: 906, payload: { approved: ['policy_decision:judged:7'] } }, { seq: 907, payload: { approved: ['policy_decision:judged:2'] } },
      { seq: 908, payload: { run: 'odd' }, deployment_id: 'eu' },
    ];
    await server.database.query({
      text: `insert into countersign.audit_records (org_id, workspace_id, deployment_id, seq, event_id, durability, event_type, tenant_source, payload, created_at_ms, record_hash, position, event_index)
        select 'acme', 'ops', coalesce(record ->> 'deployment_id', ''), (record ->> 'seq')::bigint, 'named-' || (record ->> 'seq'), 'durable_required', 'x', 'explicit', record ->> 'payload', (record ->> 'seq')::bigint, 'h', 1, 0 from json_array_elements($1::json) as record`,
      values: [JSON.stringify(records)],
    });
    const named = async (run: string, over: Partial<typeof limits> = {}) => (await observe(run, over))?.audit.protected_events.map(({ seq }) => seq).filter((seq) => seq > 900);
    expect(await named('odd')).toEqual([901, 904, 905]);
    expect([await named('judged'), await named('judged', { reliability_limit: 3 })]).toEqual([[906, 907], [906]]);
    expect((await observe('odd', { audit_limit: 2 }))?.counts.protected_audit_events).toBe(2);
  });

  it('keeps the newest of each kind', async () => {
    const found = await observe('judged', { event_limit: 2, reliability_limit: 3 });
    expect(found?.events.tail.map(({ seq }) => seq)).toEqual([7, 8]);
    expect(found?.policy_decisions.map(({ decision_id }) => decision_id.at(-1))).toEqual(['7', '6', '5']);
    expect(found?.counts).toMatchObject({ events: 2, policy_decisions: 3 });
  });

  it('other tenants, other deployments and whoever does not see its automation find no run', async () => {
    for (const reader of [{ ...acme, org_id: 'other' }, { ...acme, workspace_id: 'other' }, { ...acme, deployment_id: 'eu' }]) expect(await observe('judged', {}, reader)).toBeUndefined();
    expect(await observe('none')).toBeUndefined();
    const sees = async (...viewer_keys: readonly string[]) => (await observe('hidden', {}, { ...acme, viewer_keys })) !== undefined;
    expect([await sees('*'), await sees('*', '["principal","human_user","bob"]')]).toEqual([false, true]);
  });

  it('local implicit does not see explicit rows', async () => {
    const local = { org_id: 'local', workspace_id: 'local', deployment_id: '' };
    expect(await observe('judged', {}, local)).toBeUndefined();
  });

  it('same run id in two tenants stays separate', async () => {
    const local = await observe('same', {}, { org_id: 'local', workspace_id: 'local', deployment_id: '' });
    expect(local).toMatchObject({ run: { status: 'completed', scope: { tenant_context: { org_id: 'local' } } }, waits: [], policy_decisions: [], counts: { events: 2, active_waits: 0 } });
    expect(await observe('same')).toMatchObject({ counts: { events: 6, active_waits: 1, policy_decisions: 1 } });
  });

  it('tells the history of recovery from what of it is active', async () => {
    const tenantColumns = `'acme', 'ops', ''`;
    await server.database.query({
      text: `insert into countersign.dead_letters (org_id, workspace_id, deployment_id, dead_letter_id, run_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, position, attempts, recovery_options, superseded_at_ms)
        select ${tenantColumns}, id, 'same', 'node', 'charge', 'runner', 's', 1, 1, 'away', status, 1, at, 1, 1, '["retry"]', superseded from (values ('l1', 'open', 3, null), ('l2', 'resolved', 2, 2), ('l3', 'cleared', 1, 1)) as rows (id, status, at, superseded)`,
    });
    await server.database.query({
      text: `insert into countersign.compensations (org_id, workspace_id, deployment_id, compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms)
        select ${tenantColumns}, id, 'same', 'charge', status, 'operator_review', 'e1', 1, 0, 1, at from (values ('c1', 'completed', 1), ('c2', 'proposed', 2)) as rows (id, status, at)`,
    });
    const found = await observe('same');
    expect(found?.reliability).toMatchObject({ dead_letters: [{ dead_letter_id: 'l1', recovery_options: ['retry'] }, { dead_letter_id: 'l2' }], compensations: [{ compensation_id: 'c2', approval_required: true }, { compensation_id: 'c1' }] });
    expect(found?.operator_summary.blocking_reasons.filter(({ kind }) => kind === 'dead_letter' || kind === 'compensation')).toEqual([
      { kind: 'dead_letter', dead_letter_id: 'l1', source_type: 'node', reason: 'away', historical: false },
      { kind: 'compensation', compensation_id: 'c2', status: 'proposed', target_effect_id: 'e1', approval_required: true, historical: false },
    ]);
    expect((await observe('same', { reliability_limit: 1 }))?.reliability).toMatchObject({ dead_letters: [{ dead_letter_id: 'l1' }], compensations: [{ compensation_id: 'c2' }] });
  });

  it('given a list of effects, says which of all of them failed or are unknown, the unknown ones first, however many went well since', async () => {
    const many = `from generate_series(1, 400) as n`;
    await server.database.query({
      text: `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, operation, created_at_ms, updated_at_ms)
        select 'acme', 'ops', '', 'item-' || n, 'o' || n, 'a' || n, 'judged', case n when 1 then 'unknown' when 2 then 'pending' when 3 then 'failed' else 'succeeded' end, 'automation_v2_run', 'judged', 'h', 'http.post', 1, 100000000000000 + n ${many}`,
    });
    await server.database.query({
      text: `insert into countersign.outbox (org_id, workspace_id, deployment_id, outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, operation, created_at_ms, updated_at_ms)
        select 'acme', 'ops', '', 'item-' || n, 'judged', 'e' || n, case n when 1 then 'pending' when 2 then 'claimed' when 3 then 'failed' when 4 then 'dead_lettered' when 5 then 'cancelled' else 'sent' end, 'automation_v2_run', 'judged', 'k' || n, 'http.post', 1, 100000000000000 + n ${many}`,
    });
    const reasonsOf = async (kind: string, id: string, over: Partial<typeof limits> = {}) =>
      (await observe('judged', over))?.operator_summary.blocking_reasons.filter((reason) => reason.kind === kind).map((reason) => (reason as unknown as Record<string, string>)[id] ?? '').filter((named) => named.startsWith('item-'));
    expect(await reasonsOf('tool_effect', 'effect_id')).toEqual(['item-1', 'item-3']);
    expect(await reasonsOf('outbox', 'outbox_id')).toEqual(['item-1', 'item-3', 'item-4']);
    expect([await reasonsOf('tool_effect', 'effect_id', { reliability_limit: 1 }), await reasonsOf('outbox', 'outbox_id', { reliability_limit: 1 })]).toEqual([['item-1'], ['item-1']]);
    const found = await observe('judged');
    expect(found?.operator_summary.allowed_actions).toContainEqual({ action: 'retry_or_reconcile_effect', effect_ids: expect.arrayContaining(['item-1', 'item-3']) });
    expect(found?.reliability.tool_effects.every(({ status }) => status === 'succeeded')).toBe(true);
  });

  it('reads what the newest snapshots are folded from', async () => {
    const rows = await queries.observedRun(acme, 'same', { ...limits, snapshot_limit: 2 });
    expect(rows?.snapshots.events.map(({ seq }) => seq)).toEqual([5, 6]);
    expect(rows?.snapshots.entries.map(({ stored }) => stored?.commit.version)).toEqual([1, 3, 4, 6]);
    expect(rows?.snapshots.transitions.map(({ to_phase }) => to_phase)).toEqual(['queued', 'running_phase', 'awaiting_approval']);
  });

  it('given texts that PostgreSQL cannot hold, answers them as they were', async () => {
    const found = await observe('odd');
    expect(found).toMatchObject({ run: { run_id: 'odd' }, counts: { events: 1 } });
    expect(JSON.stringify(found?.events.tail)).toContain('nothing\\u0000');
  });

  it('given many ended waits, shows every active one and the newest of the others', async () => {
    await server.database.query({
      text: `insert into countersign.waits (org_id, workspace_id, deployment_id, run_id, wait_id, wait_kind, status, phase_id, created_at_ms, updated_at_ms, wake_at_ms, event_seq, completed_at_ms)
        select 'acme', 'ops', '', 'judged', 'w' || i, 'timer', case when i % 100 = 0 then 'waiting' when i = 7 then 'escalated' else 'woken' end, 'pause', i, i, 10000 - i, 1, i from generate_series(1, 1000) as i`,
    });
    const found = await observe('judged', { reliability_limit: 2 });
    expect(found?.waits.map(({ wait_id }) => wait_id)).toEqual(['w1000', 'w900', 'w800', 'w700', 'w600', 'w500', 'w400', 'w300', 'w200', 'w100', 'w7', 'w999', 'w998']);
    expect(found).toMatchObject({ current_wait: { wait_id: 'w1000' }, counts: { waits: 13, active_waits: 11 } });
  });

  it('given events that are too large for one answer, keeps the newest that fit, and one at least', async () => {
    await server.database.query({ text: `update countersign.run_events set payload = '{"text":"' || repeat('x', 900000) || '"}' where run_id = 'judged' and org_id = 'acme'` });
    expect((await observe('judged'))?.events.tail.map(({ seq }) => seq)).toEqual([8]);
    await server.database.query({ text: `update countersign.run_events set payload = '{"text":"' || repeat('x', 2000000) || '"}' where run_id = 'judged' and org_id = 'acme' and seq = 8` });
    expect((await observe('judged'))?.events.tail.map(({ seq }) => seq)).toEqual([8]);
  });
});
