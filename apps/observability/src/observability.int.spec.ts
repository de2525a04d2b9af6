import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as contracts from '@cs/contracts';
import {
  getApproval, getResumePlan, getRun, getStatefulRun, listAutomations, listDeadLetters, listDecidedApprovals, listDueWaits, listPendingApprovals, listReliability, listRunEvents, listRuns, listRunSnapshots, listStatefulRuns, logSubject, observeRun, verifyAudit,
  type AggregateName, type AggregateRef, type CallContext, type PayloadInputOf, type ReplyOf, type RpcMethod, type PendingGate, type RpcReply, type RunEvent,
} from '@cs/contracts';
import { decodeCommit, type LogEntry } from '@cs/eventing';
import { NATS_CONNECTION, NatsModule, publishProjected } from '@cs/jetstream';
import { toPosition, type Json } from '@cs/kernel';
import { natsTransport, PlatformModule, RPC_CLIENT, type RpcClient } from '@cs/platform';
import { DATABASE, migrate, PostgresModule, PostgresProjectionStore, type Database } from '@cs/postgres';
import { ProjectionMemory, projectBatch } from '@cs/read-models';
import { eventually, sha256, startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@cs/testing';
import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { observabilityConfigSchema } from './config.js';
import { ObservabilityModule } from './observability.module.js';

class Root {}

let nats: TestNats;
let postgres: TestPostgres;
let app: INestMicroservice;
let rpc: RpcClient;
let database: Database;
const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
let position = 0;

const person = { kind: 'human', actor_id: 'ada' } as const;
const hash = `sha256:${'0'.repeat(64)}`;
const tenant = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
  const config = observabilityConfigSchema.parse({ NATS_URL: nats.url, DATABASE_URL: postgres.url, LOG_LEVEL: 'silent' });
  const name = 'observability';
  const imports = [
    PlatformModule.forRoot({ name, natsUrl: nats.url, logLevel: 'silent' }), NatsModule.forRoot({ url: nats.url, name }), PostgresModule.forRoot({ url: postgres.url, name }), ObservabilityModule.forRoot(config),
  ];
  app = await NestFactory.createMicroservice({ module: Root, imports }, { ...natsTransport({ url: nats.url, name }), logger: false });
  await app.listen();
  rpc = app.get(RPC_CLIENT);
  database = app.get(DATABASE);
}, 60_000);
afterAll(async () => {
  await app.close();
  await Promise.all([nats.stop(), postgres.stop()]);
}, 30_000);

const call = <Method extends RpcMethod>(method: Method, payload: PayloadInputOf<Method>, as: CallContext['tenant'] = tenant): Promise<RpcReply<ReplyOf<Method>>> =>
  rpc.call(method, { context: { tenant: as, actor: person, correlation_id: 'test' }, payload });

/** Writes one commit to the projections, as the projector does. */
const project = async (aggregate: AggregateName, id: string, { status, version, previous, events, workspace_id = 'ops' }: { status: string; version: number; previous: number; events: readonly { event_type: string; data: unknown }[]; workspace_id?: string }): Promise<number> => {
  const ref: AggregateRef = { org_id: 'acme', workspace_id, aggregate, id };
  const at = toPosition(position + 1);
  const body = JSON.stringify({
    commit_id: `c${at}`, previous, version,
    events: events.map(({ event_type, data }, index) => ({ event_id: `e${at}-${index}`, event_type, version: 1, recorded_at_ms: 1000 + at, actor: person, correlation_id: 'refund', data: data as Json })),
  });
  const entry: LogEntry = { position: at, subject: logSubject(ref, status), ref, status, body, stored: decodeCommit({ ref, status }, { position: at, body }) };
  const changes = projectBatch([entry], { memory, digest: sha256, now: 1 });
  await new PostgresProjectionStore(database).write(changes, { after: toPosition(position), published: toPosition(0) });
  position = at;
  return at;
};

const createdRun = (run: string, workspace_id = 'ops'): RunEvent => ({
  event_type: 'run_created',
  data: { run_id: run, automation_id: 'refund', tenant_context: { ...tenant, workspace_id }, trigger_type: 'manual', requested_by: person, input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['sign'] },
});

const runAtItsGate = async (run: string, gate: Partial<PendingGate> = {}, workspace_id = 'ops'): Promise<number> => {
  const first = await project('run', run, { status: 'queued', version: 1, previous: 0, events: [createdRun(run, workspace_id)], workspace_id });
  const opened: RunEvent = {
    event_type: 'approval_gate_opened',
    data: {
      gate: {
        node_id: 'sign', gate_opening_id: `${run}-1`, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: `automation_v2:${run}:sign:decision`,
        title: 'Refund?', decisions: ['approve'], rework_targets: [], requested_at_ms: 1000, upstream_node_ids: [], ...gate,
      },
      blocked_nodes: [],
    },
  };
  return project('run', run, { status: 'awaiting_approval', version: 2, previous: first, events: [opened], workspace_id });
};

const valueOf = <Value>(reply: RpcReply<Value>): Value => {
  if (!reply.ok) throw new Error(`${reply.refusal.code}: ${reply.refusal.message}`);
  return reply.value;
};

describe('before the database is set up', () => {
  it('refuses with what is missing, and when to come back', async () => {
    // The broker may hear of a question before it hears of who answers.
    const answer = async (): Promise<RpcReply> => call(getRun, { run_id: 'r1' });
    await eventually(async () => JSON.stringify(await answer()).includes('PROJECTION_UNAVAILABLE'));
    expect(await answer()).toMatchObject({ ok: false, refusal: { code: 'PROJECTION_UNAVAILABLE' }, retry_after_s: 1 });
  });
});

describe('reads', () => {
  beforeAll(async () => {
    await migrate(database);
    const definition = { automation_id: 'refund', name: 'Refund', status: 'active', flow: { nodes: [{ node_id: 'sign', objective: 'sign', gate: {} }] } };
    await project('definition', 'd', { status: 'stored', version: 1, previous: 0, events: [{ event_type: 'definition_stored', data: { definition_hash: hash, definition } }] });
    await project('automation', 'refund', { status: 'active', version: 1, previous: 0, events: [{ event_type: 'automation_created', data: { automation_id: 'refund', tenant_context: tenant, name: 'Refund', status: 'active', definition_version: 'v1', definition_hash: hash, changed_by: person } }] });
    await runAtItsGate('r1');
    await runAtItsGate('r2');
  });

  it('answer a run, as a record and as its stateful view', async () => {
    expect(valueOf(await call(getRun, { run_id: 'r1' }))).toMatchObject({ run_id: 'r1', status: 'awaiting_approval', context_run_id: 'automation-v2-r1' });
    expect(valueOf(await call(getStatefulRun, { run_id: 'r1', event_limit: 1 }))).toMatchObject({
      run: { status: 'awaiting_approval', phase: 'awaiting_approval', current_phase_id: 'sign', active_wait_id: 'automation_v2:r1:sign:wait', last_seq: 2 }, events: [{ seq: 2 }],
    });
    expect(valueOf(await call(listRunEvents, { run_id: 'r1' }))).toMatchObject({ run_id: 'r1', count: 2, events: [{ seq: 1 }, { seq: 2 }] });
  });

  it('answer a run with its newest events and snapshots, as many as are asked for, and 50 and 10 of them by default', async () => {
    const shown = valueOf(await call(getStatefulRun, { run_id: 'r1', snapshot_limit: 1 }));
    expect(shown).toMatchObject({ events: [{ seq: 1 }, { seq: 2 }], snapshots: [{ seq: 2, status: 'awaiting_approval' }], run: { latest_snapshot_id: shown.events[1]?.event_id } });
    expect(shown.snapshots[0]?.snapshot_id).toBe(shown.run.latest_snapshot_id);
    expect(valueOf(await call(getStatefulRun, { run_id: 'r1', event_limit: -5 })).events.map(({ seq }) => seq)).toEqual([2]);
    const claims = Array.from({ length: 59 }, (_none, index) => ({ event_type: 'run_execution_claimed', data: { claim: { claim_id: `c${index}`, claimant_id: 'r', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: index + 1 } } }));
    await project('run', 'long', { status: 'running', version: 60, previous: 0, events: [createdRun('long', 'many'), ...claims], workspace_id: 'many' });
    const long = valueOf(await call(getStatefulRun, { run_id: 'long' }, { ...tenant, workspace_id: 'many' }));
    expect([long.events.length, long.events.at(-1)?.seq, long.snapshots.length, long.snapshots.at(-1)?.seq]).toEqual([50, 60, 10, 60]);
  });

  it('given more snapshots than one answer holds, answer the newest that fit, and go on before them', async () => {
    const claim = { claim_id: 'c1', claimant_id: 'r'.repeat(50_000), claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: 1 };
    const usage = Array.from({ length: 198 }, (_none, index) => ({ event_type: 'run_usage_recorded', data: { usage_id: `u${index}`, total_tokens: 1, estimated_cost_usd: 0 } }));
    await project('run', 'wide', { status: 'running', version: 200, previous: 0, events: [createdRun('wide', 'wide'), { event_type: 'run_execution_claimed', data: { claim } }, ...usage], workspace_id: 'wide' });
    const as = { ...tenant, workspace_id: 'wide' };
    const shown = valueOf(await call(getStatefulRun, { run_id: 'wide', snapshot_limit: 200 }, as)).snapshots;
    expect([shown.at(-1)?.seq, shown.length > 10, shown.length < 200]).toEqual([200, true, true]);
    const seqs: number[] = [];
    for (let before_seq = 201; before_seq > 1; before_seq = seqs[0] ?? 0) {
      const page = valueOf(await call(listRunSnapshots, { run_id: 'wide', limit: 200, before_seq }, as));
      expect(page.count).toBe(page.snapshots.length);
      seqs.unshift(...page.snapshots.map(({ seq }) => seq));
    }
    expect(seqs).toEqual(Array.from({ length: 200 }, (_none, index) => index + 1));
  });

  it('show of a run what such runs do not have as null or none', async () => {
    const { items } = valueOf(await call(listStatefulRuns, { limit: 1 }));
    expect(items).toMatchObject([{ workflow_id: null, trigger_event: null, source_event_id: null, task_id: null, related_context_run_ids: [], metadata: { active_session_ids: [], latest_session_id: null } }]);
  });

  it('list, and go on where a page ended', async () => {
    const first = valueOf(await call(listRuns, { limit: 1 }));
    expect(first).toMatchObject({ items: [{ run_id: 'r2' }], next_cursor: expect.any(String) });
    expect(valueOf(await call(listRuns, { limit: 1, cursor: first.next_cursor }))).toEqual({ items: [expect.objectContaining({ run_id: 'r1' })] });
    expect(valueOf(await call(listStatefulRuns, { status: 'completed' }))).toEqual({ items: [] });
    expect(valueOf(await call(listAutomations, {}))).toMatchObject({ items: [{ automation_id: 'refund', name: 'Refund' }] });
    expect(valueOf(await call(listDeadLetters, {}))).toEqual({ items: [] });
    expect(valueOf(await call(listDueWaits, { due_before_ms: 5 }))).toEqual({ waits: [] });
  });

  it('refuse a cursor that is none', async () => {
    expect(await call(listRuns, { cursor: 'nonsense' })).toMatchObject({ ok: false, refusal: { code: 'REQUEST_QUERY_INVALID', details: { problems: [{ path: 'cursor' }] } } });
  });

  it('answer about a run of another tenant as about one that does not exist', async () => {
    const other = { ...tenant, org_id: 'other' };
    expect(await call(getRun, { run_id: 'r1' }, other)).toEqual(await call(getRun, { run_id: 'r1' }, { ...tenant, deployment_id: 'eu' }));
    expect(await call(getRun, { run_id: 'r1' }, other)).toMatchObject({ ok: false, refusal: { code: 'AUTOMATION_V2_RUN_NOT_FOUND' } });
    expect(await call(listRunEvents, { run_id: 'r1' }, other)).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found', details: { run_id: 'r1' } } });
    expect(await call(listRunEvents, { run_id: 'nobody' })).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found', details: { run_id: 'nobody' } } });
  });

  it('observe a run in one document, clamping what is asked for; other tenants 404', async () => {
    const found = valueOf(await call(observeRun, { run_id: 'r1', event_limit: 0, audit_limit: 1000, reliability_limit: 7 }));
    expect(found).toMatchObject({ run_id: 'r1', current_wait: { wait_id: 'automation_v2:r1:sign:wait' }, counts: { events: 1, active_waits: 1 }, limits: { event_limit: 1, snapshot_limit: 100, reliability_limit: 7, audit_limit: 500 } });
    for (const as of [{ ...tenant, org_id: 'other' }, { ...tenant, deployment_id: 'eu' }]) {
      expect(await call(observeRun, { run_id: 'r1' }, as)).toEqual({ ok: false, refusal: { code: 'stateful_run_not_found', message: 'there is no run "r1"', details: { run_id: 'r1' } } });
    }
    expect(await call(observeRun, { run_id: 'nobody' })).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found', details: { run_id: 'nobody' } } });
  });

  it('plan how a run goes on, an effect that nobody heard of among more than an answer holds; other tenants 404', async () => {
    const planned = { ...tenant, workspace_id: 'planned' };
    const first = await project('run', 'p1', { status: 'queued', version: 1, previous: 0, events: [createdRun('p1', 'planned')], workspace_id: 'planned' });
    const started = { event_type: 'node_started', data: { node_id: 'sign', attempt: 1, effect: { effect_id: 'p1:sign:0', idempotency_key: 'p1:sign:0', mode: 'none' } } };
    await project('run', 'p1', { status: 'running', version: 2, previous: first, events: [started], workspace_id: 'planned' });
    await database.query({
      text: `insert into countersign.tool_effects (org_id, workspace_id, deployment_id, effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms)
        select 'acme', 'planned', '', 'done-' || n, 'o', 'a', 'p1', 'succeeded', 'automation_v2_run', 'p1', 'h', 1, 1000000 + n from generate_series(1, 1001) as n`,
    });
    expect(valueOf(await call(getResumePlan, { run_id: 'p1' }, planned))).toMatchObject({
      plan_id: 'resume-plan-p1', run_status: 'queued', uncertain_effects: [{ action_id: 'p1:sign:0', status: 'pending' }], cut_lists: ['completed_effects'], safe_resume_points: [{ kind: 'pending_node', node_id: 'sign', retry_safe: false }],
      audit_summary: { completed_effects: 1001, uncertain_effects: 1, requires_operator_review: true }, operator_choices: [{}, {}, { choice: 'retry_failed_effect' }, { choice: 'reconcile_external_effect' }],
    });
    for (const run_id of ['p1', 'nobody']) expect(await call(getResumePlan, { run_id })).toEqual({ ok: false, refusal: { code: 'stateful_run_not_found', message: `there is no run "${run_id}"`, details: { run_id } } });
  });

  it('observe an imported run: what its history says, nothing that is not there, and nothing that could be done about it', async () => {
    const imported = { ...tenant, workspace_id: 'imported' };
    const run = { run_id: 'i1', automation_id: 'refund', status: 'awaiting_approval', trigger_type: 'manual', created_at_ms: 1, updated_at_ms: 9, started_at_ms: null, finished_at_ms: null, workflow_definition_version: null, workflow_definition_snapshot_hash: null, awaiting_node_id: 'sign', completed_nodes: [], pending_nodes: ['sign'], blocked_nodes: [] };
    const entries = ['run_created', 'node_started', 'approval_gate_opened'].map((event, index) => ({ event_id: `i${index}`, event, occurred_at_ms: index, index, occurrence: 0, reason: null, stop_kind: null, metadata: {}, status: index === 2 ? 'awaiting_approval' : 'running' }));
    const data = { run_id: 'i1', automation_id: 'refund', tenant_context: imported, run, entries, entry_count: 3, first_seq: 1, before: null, known_ids: [], imported_by: person };
    await project('imported_run', 'i1', { status: 'imported', version: 1, previous: 0, events: [{ event_type: 'run_history_imported', data }], workspace_id: 'imported' });
    const found = valueOf(await call(observeRun, { run_id: 'i1', event_limit: 2, snapshot_limit: 1 }, imported));
    expect(found).toMatchObject({
      run: { imported: true, status: 'awaiting_approval', latest_snapshot_id: 'i2', scope: { tenant_context: { workspace_id: 'imported' } } }, waits: [], policy_decisions: [],
      current_wait: { wait_id: 'automation_v2:i1:sign:wait', reason: 'run_level_active_wait' }, events: { latest: { seq: 3 }, tail: [{ seq: 2 }, { seq: 3 }] }, snapshots: { latest: { snapshot_id: 'i2' }, items: [{ seq: 3 }] },
      audit: { protected_events: [{ event_type: 'stateful_runtime.run_history_imported', actor: person }] }, operator_summary: { is_blocked: true, blocking_reasons: [{ kind: 'active_wait' }], allowed_actions: [] },
      counts: { events: 2, snapshots: 1, active_waits: 1, waits: 0, protected_audit_events: 1 }, limits: { event_limit: 2, snapshot_limit: 1, reliability_limit: 100, audit_limit: 100 },
    });
    expect(valueOf(await call(getStatefulRun, { run_id: 'i1', event_limit: 1, snapshot_limit: 2 }, imported))).toMatchObject({ run: { imported: true }, events: [{ seq: 3 }], snapshots: [{ seq: 2 }, { seq: 3 }] });
    expect(await call(observeRun, { run_id: 'i1' })).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found' } });
    expect(valueOf(await call(listReliability, { run_id: 'i1', of_run: true }, imported))).toMatchObject({ outbox: [], tool_effects: [], dead_letters: [], compensations: [] });
    expect(await call(listReliability, { run_id: 'i1', of_run: true })).toMatchObject({ ok: false, refusal: { code: 'stateful_run_not_found' } });
  });

  it('list runs by phase and status together, and nothing for whoever asks for another tenant, kind or workflow', async () => {
    const ids = async (payload: PayloadInputOf<typeof listStatefulRuns>) => valueOf(await call(listStatefulRuns, payload)).items.map(({ run_id }) => run_id);
    const here = { org_id: 'acme', workspace_id: 'ops', kind: 'automation_v2', trigger: 'MAN', phase: 'awaiting_approval' };
    expect(await ids(here)).toEqual(['r2', 'r1']);
    expect(await ids({ ...here, status: 'awaiting_approval', automation_id: 'refund' })).toEqual(['r2', 'r1']);
    for (const other of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'eu' }, { kind: 'workflow' }, { workflow_id: 'refund' }, { phase: 'nonsense' }, { phase: 'completed' }, { status: 'paused' }, { trigger: 'webhook' }, { owner_id: 'nobody' }, { data_class: 'regulated' }]) {
      expect([other, await ids({ ...here, ...other })]).toEqual([other, []]);
    }
  });

  describe('the parameters of the list of runs (domain 11.6)', () => {
    const scoped = { ...tenant, workspace_id: 'scoped' };
    const list = async (payload: PayloadInputOf<typeof listStatefulRuns>) => valueOf(await call(listStatefulRuns, payload, scoped)).items.map(({ run_id }) => run_id);
    const enterprise_scope = {
      owning_org_unit_id: 'finance', owner_principal: { kind: 'group', id: 'payers' }, resource_scope: { root: { resource_kind: 'ledger', resource_id: 'l-1' } }, data_classes: ['regulated'], risk_tier: 'money_movement_contract',
      policy_version_id: 'p-3', delegation_grant_ids: ['g-1'], source_binding_id: 'b-7',
    };

    beforeAll(async () => {
      for (const [id, metadata] of [['plain', {}], ['scoped', { enterprise_scope }]] as const) {
        const definition_hash = `sha256:${sha256(id)}`;
        const definition = { automation_id: id, name: id, status: 'active', flow: { nodes: [{ node_id: 'sign', objective: 'sign', gate: {} }] }, metadata };
        await project('definition', id, { status: 'stored', version: 1, previous: 0, events: [{ event_type: 'definition_stored', data: { definition_hash, definition } }], workspace_id: 'scoped' });
        await project('automation', id, { status: 'active', version: 1, previous: 0, events: [{ event_type: 'automation_created', data: { automation_id: id, tenant_context: scoped, name: id, status: 'active', definition_version: 'v1', definition_hash, changed_by: person } }], workspace_id: 'scoped' });
        const created = { ...createdRun(id, 'scoped').data, automation_id: id, trigger_type: id === 'plain' ? 'manual' : 'webhook', workflow_definition_snapshot_hash: definition_hash };
        await project('run', id, { status: 'queued', version: 1, previous: 0, events: [{ event_type: 'run_created', data: created }], workspace_id: 'scoped' });
      }
      const run = { run_id: 'imported', automation_id: 'imported', status: 'completed', trigger_type: 'manual', created_at_ms: 1, updated_at_ms: 9, started_at_ms: null, finished_at_ms: 9, workflow_definition_version: null, workflow_definition_snapshot_hash: null, awaiting_node_id: null, completed_nodes: [], pending_nodes: [], blocked_nodes: [] };
      const entry = { event_id: 'x1', event: 'node_completed', occurred_at_ms: 1, index: 0, occurrence: 0, reason: null, stop_kind: null, metadata: {}, status: 'completed' };
      const data = { run_id: 'imported', automation_id: 'imported', tenant_context: scoped, run, entries: [entry], entry_count: 1, first_seq: 1, before: null, known_ids: [], imported_by: person };
      await project('imported_run', 'imported', { status: 'imported', version: 1, previous: 0, events: [{ event_type: 'run_history_imported', data }], workspace_id: 'scoped' });
    });

    it.each([
      { trigger: 'WEBHO' }, { automation_id: 'scoped' }, { org_unit_id: 'finance' }, { owner_id: 'payers' }, { owner_kind: 'group' }, { resource_kind: 'ledger' }, { resource_id: 'l-1' }, { policy_version_id: 'p-3' }, { data_class: 'regulated' },
      { risk_tier: 'money_movement_contract' }, { delegation_grant_id: 'g-1' }, { source_binding_id: 'b-7' },
    ])('find what fits, and nothing for another value: %j', async (wanted) => {
      const [[name, value] = ['', '']] = Object.entries(wanted);
      expect(await list(wanted)).toEqual(['scoped']);
      expect(await list({ ...wanted, status: 'queued', phase: 'queued', kind: 'automation_v2' })).toEqual(['scoped']);
      expect(await list({ [name]: `${value}x` })).toEqual([]);
    });

    it('find imported runs by what is known of them: status, phase, automation, trigger, and the tenant of whoever asks', async () => {
      const here = { org_id: 'acme', workspace_id: 'scoped', kind: 'automation_v2' };
      expect(await list(here)).toEqual(['scoped', 'plain', 'imported']);
      for (const wanted of [{ status: 'completed' }, { phase: 'completed' }, { automation_id: 'imported' }, { status: 'completed', phase: 'completed' }, { trigger: 'MAN', automation_id: 'imported' }, { trigger: 'man', status: 'completed' }, { trigger: 'manual', phase: 'completed' }]) expect(await list({ ...here, ...wanted })).toEqual(['imported']);
      for (const wanted of [{ phase: 'failed' }, { status: 'completed', phase: 'failed' }, { trigger: 'webhook', automation_id: 'imported' }, { trigger: 'manuals' }, { trigger: 'man', status: 'failed' }]) expect(await list({ ...here, ...wanted })).toEqual([]);
      expect(await list({ ...here, trigger: 'man' })).toEqual(['plain', 'imported']);
    });

    it.each(['trigger', 'owner_id', 'resource_id', 'policy_version_id', 'data_class', 'status', 'phase', 'kind'])('find nothing for a NUL in %s, which no text of a run has', async (name) => {
      expect(await list({ [name]: 'a\0b' })).toEqual([]);
    });

    it('take a limit of 250 by default, and one from 1 to 1000', () => {
      const limit = (payload: object) => listStatefulRuns.payload.parse(payload).limit;
      expect([limit({}), limit({ limit: 0 }), limit({ limit: -3 }), limit({ limit: 1000 }), limit({ limit: 5000 })]).toEqual([250, 1, 1, 1000, 1000]);
      const events = (payload: object) => listRunEvents.payload.parse({ run_id: 'r', ...payload }).limit;
      expect([events({}), events({ limit: 0 }), events({ limit: 5000 }), events({ limit: 7 })]).toEqual([250, 1000, 1000, 7]);
    });

    it('read events before and behind a number, and the last of them', async () => {
      const many = { ...tenant, workspace_id: 'many' };
      const seqs = async (payload: object) => valueOf(await call(listRunEvents, { run_id: 'long', ...payload }, many)).events.map(({ seq }) => seq);
      expect(await seqs({ after_seq: 57 })).toEqual([58, 59, 60]);
      expect(await seqs({ before_seq: 3 })).toEqual([1, 2]);
      expect(await seqs({ after_seq: 10, before_seq: 14, limit: 2 })).toEqual([11, 12]);
      expect(await seqs({ before_seq: 14, limit: 2, tail: true })).toEqual([12, 13]);
    });
  });

  it('A9 pending: six requests of which one is answered are five, newest first; by kind, since a time, and limited', async () => {
    const hitl = { ...tenant, workspace_id: 'hitl' };
    const list = async (payload: PayloadInputOf<typeof listPendingApprovals>) => valueOf(await call(listPendingApprovals, payload, hitl)).items;
    expect(await list({})).toEqual([]);
    const asked = [['question', 1], ['question', 2], ['approval_gate', 3], ['approval_gate', 4], ['approval_gate', 5]] as const;
    for (const [kind, at] of asked) await runAtItsGate(`h${at}`, { kind, requested_at_ms: at }, 'hitl');
    await runAtItsGate('h6', { requested_at_ms: 6, approvals_required: 2, approvers: [{ kind: 'person', id: 'ada' }, { kind: 'person', id: 'grace' }] }, 'hitl');
    const decision = { node_id: 'sign', gate_opening_id: 'h5-1', decision: 'approve', decided_at_ms: 7, decided_by: { kind: 'human', actor_id: 'grace' }, reason: 'fine' };
    await project('run', 'h5', { status: 'queued', version: 3, previous: position - 2, events: [{ event_type: 'approval_gate_decided', data: decision }], workspace_id: 'hitl' });
    const pending = await list({});
    expect(pending.map(({ kind, run_id }) => [kind, run_id])).toEqual([['dual_control', 'h6'], ['approval_gate', 'h4'], ['approval_gate', 'h3'], ['question', 'h2'], ['question', 'h1']]);
    expect((await list({ kinds: ['question'] })).map(({ run_id }) => run_id)).toEqual(['h2', 'h1']);
    expect((await list({ since_ms: 4 })).map(({ run_id }) => run_id)).toEqual(['h6', 'h4']);
    expect((await list({ limit: 2 })).map(({ run_id }) => run_id)).toEqual(['h6', 'h4']);
    expect(await call(listPendingApprovals, { kinds: ['nonsense' as 'question'] }, hitl)).toMatchObject({ ok: false });
    expect(valueOf(await call(listDecidedApprovals, {}, hitl)).items).toMatchObject([{ run_id: 'h5', status: 'decided', decision: 'approve', decided_by: { actor_id: 'grace' }, decided_at_ms: 7, decision_reason: 'fine', yours: { decisions: [] } }]);
    expect(valueOf(await call(getApproval, { gate_opening_id: 'h6-1' }, hitl))).toMatchObject({ kind: 'dual_control', yours: { decisions: [], vote: null }, voting: { missing_people: ['ada', 'grace'] } });
    // Ada asked for all of them: at h6, which needs several people, nothing is left to her.
    expect((await list({ mine: true })).map(({ run_id }) => run_id)).toEqual(['h4', 'h3', 'h2', 'h1']);
    expect(await call(getApproval, { gate_opening_id: 'h6-1' })).toMatchObject({ ok: false, refusal: { code: 'APPROVAL_NOT_FOUND' } });
    expect(await call(getApproval, { gate_opening_id: 'nothing' })).toMatchObject({ ok: false, refusal: { code: 'APPROVAL_NOT_FOUND' } });
  });

  it('list the inbox, and an empty one for whoever asks elsewhere', async () => {
    expect(valueOf(await call(listPendingApprovals, {}))).toMatchObject({ items: [{ run_id: 'r2', workflow_name: 'Refund' }, { run_id: 'r1', surface_payload: { gate_opening_id: 'r1-1', decide_endpoint: '/automations/v2/runs/r1/gate' } }] });
    for (const elsewhere of [{ org_id: 'other' }, { workspace_id: 'other' }, { source: 'workflow' }]) expect(valueOf(await call(listPendingApprovals, elsewhere))).toEqual({ items: [] });
  });

  it('wait until the projection has the position that is asked for', async () => {
    const nc: NatsConnection = app.get(NATS_CONNECTION);
    const ahead = position + 2;
    const reading = call(getRun, { run_id: 'r3', min_position: ahead });
    expect(await runAtItsGate('r3')).toBe(ahead);
    publishProjected(nc, toPosition(ahead));
    expect(valueOf(await reading)).toMatchObject({ run_id: 'r3' });
  });

  it('say that the projection is behind when it does not get there in time, whatever is asked', async () => {
    const isRead = (value: unknown): value is RpcMethod => typeof value === 'object' && value !== null && String((value as { subject?: unknown }).subject).startsWith('cs.rpc.observability.');
    const members = {
      run_id: 'r1', automation_id: 'refund', gate_opening_id: 'g', request_id: 'q', trigger_id: 't', number: 1, policies: 'permit (principal, action, resource);', export_id: 'e', after_seq: 1, up_to_seq: 1, filter: {}, min_position: 1_000_000,
    };
    const reads = Object.values<unknown>(contracts).filter(isRead).filter(({ payload }) => (payload.safeParse(members).data as { min_position?: number } | undefined)?.min_position !== undefined);
    expect(reads.map(({ subject }) => subject)).toEqual(expect.arrayContaining([getRun, observeRun, listStatefulRuns, listPendingApprovals, listAutomations, verifyAudit, listDeadLetters].map(({ subject }) => subject)));
    const answers = await Promise.all(reads.map((method) => call(method, members as never)));
    for (const [index, answer] of answers.entries()) expect([reads[index]?.subject, answer]).toMatchObject([reads[index]?.subject, { ok: false, refusal: { code: 'PROJECTION_BEHIND' }, retry_after_s: 1 }]);
  });
});

describe('the lists of the reliability ledger', () => {
  const rows: Readonly<Record<string, { readonly columns: string; readonly values: string }>> = {
    outbox: { columns: 'outbox_id, run_id, effect_id, status, source_kind, source_id, idempotency_key, created_at_ms, updated_at_ms', values: `'o-1', 'r1', 'e-1', 'dead_lettered', 'automation_v2_run', 'r1', 'k', 1, 30), ('acme', 'ops', '', 'o-2', 'r2', 'e-2', 'sent', 'automation_v2_run', 'r2', 'k', 1, 20` },
    tool_effects: { columns: 'effect_id, outbox_id, action_id, run_id, status, source_kind, source_id, audit_hash, created_at_ms, updated_at_ms', values: `'e-1', 'o-1', 'a', 'r1', 'failed', 'automation_v2_run', 'r1', 'h', 1, 30), ('acme', 'ops', '', 'e-2', 'o-2', 'a', 'r2', 'succeeded', 'automation_v2_run', 'r2', 'h', 1, 20` },
    dead_letters: { columns: 'dead_letter_id, run_id, source_type, source_id, consumer, subject, stream_sequence, deliveries, reason, status, opened_at_ms, updated_at_ms, position', values: `'l-1', 'r1', 'tool_effect', 'x', 'runner', 's', 1, 1, 'away', 'retry_requested', 1, 30, 1), ('acme', 'ops', '', 'l-2', 'r2', 'message', 'x', 'runner', 's', 1, 1, 'away', 'open', 1, 20, 1` },
    compensations: { columns: 'compensation_id, run_id, node_id, status, compensation_type, target_effect_id, approval_required, attempts, created_at_ms, updated_at_ms', values: `'c-1', 'r1', 'n', 'awaiting_approval', 'operator_review', 'e', 1, 0, 1, 30), ('acme', 'ops', '', 'c-2', 'r2', 'n', 'failed', 'refund', 'e', 1, 0, 1, 20` },
  };
  beforeAll(async () => {
    for (const [name, { columns, values }] of Object.entries(rows)) await database.query({ text: `insert into countersign.${name} (org_id, workspace_id, deployment_id, ${columns}) values ('acme', 'ops', '', ${values})` });
  });

  const idsOf = ({ outbox, tool_effects, dead_letters, compensations }: ReplyOf<typeof listReliability>) =>
    [...outbox.map(({ outbox_id }) => outbox_id), ...tool_effects.map(({ effect_id }) => effect_id), ...dead_letters.map(({ dead_letter_id }) => dead_letter_id), ...compensations.map(({ compensation_id }) => compensation_id)];
  const listed = async (query: PayloadInputOf<typeof listReliability>) => idsOf(valueOf(await call(listReliability, query)));
  const all = ['o-1', 'o-2', 'e-1', 'e-2', 'l-1', 'l-2', 'c-1', 'c-2'];

  it('hold 250 of each collection by default, and from 1 to 1000', async () => {
    const limits = await Promise.all([undefined, 0, -7, 1, 1000, 1001, 1_000_000].map(async (limit) => valueOf(await call(listReliability, limit === undefined ? {} : { limit })).limit));
    expect(limits).toEqual([250, 1, 1, 1, 1000, 1000, 1000]);
    expect(await listed({ limit: 0 })).toEqual(['o-1', 'e-1', 'l-1', 'c-1']);
  });

  it.each([
    ['retry_requested', ['l-1']], ['RETRY-Requested', ['l-1']], [' Awaiting-approval ', ['c-1']], ['failed', ['e-1', 'c-2']], ['Dead_Lettered', ['o-1']], ['', all], ['  ', all], ['all', all], ['ALL', all], ['none of these', []],
  ])('read the status "%s"', async (status, ids) => {
    expect(await listed({ status })).toEqual(ids);
  });

  it.each([
    ['automation_v2_run', ['o-1', 'o-2', 'e-1', 'e-2']], ['Automation-V2-Run', ['o-1', 'o-2', 'e-1', 'e-2']], ['TOOL-effect', ['l-1']], ['message', ['l-2']], ['operator-review', ['c-1']], ['refund', ['c-2']], ['', all], ['All', all], ['nobody', []],
  ])('read the type of source "%s"', async (source_type, ids) => {
    expect(await listed({ source_type })).toEqual(ids);
  });

  it.each([['outbox', 'o-1', ['o-2']], ['tool_effects', 'e-1', ['e-2']], ['dead_letters', 'l-1', ['l-2']], ['compensations', 'c-1', ['c-2']]] as const)('go on with their own collection: %s', async (after_collection, after_id, ids) => {
    expect([await listed({ after_id, after_collection }), await listed({ after_id })]).toEqual([ids, ids]);
    for (const other of ['outbox', 'tool_effects', 'dead_letters', 'compensations'] as const) if (other !== after_collection) expect(await listed({ after_id, after_collection: other })).toEqual([]);
    const { next } = valueOf(await call(listReliability, { limit: 1, before_created_at_ms: 5 }));
    expect(next[after_collection]).toEqual({ after_id, after_collection, before_created_at_ms: 5 });
  });

  it('of a run are there only where the run is', async () => {
    expect(await listed({ run_id: 'r1', of_run: true })).toEqual(['o-1', 'e-1', 'l-1', 'c-1']);
    for (const [run_id, as] of [['nobody', tenant], ['r1', { ...tenant, org_id: 'other' }], ['r1', { ...tenant, deployment_id: 'eu' }]] as const) {
      expect(await call(listReliability, { run_id, of_run: true }, as)).toEqual({ ok: false, refusal: { code: 'stateful_run_not_found', message: `there is no run "${run_id}"`, details: { run_id } } });
    }
    expect(await listed({ run_id: 'nobody' })).toEqual([]);
  });
});

describe('the verification of the audit', () => {
  const restored = async (change: string, restore: string): Promise<ReplyOf<typeof verifyAudit>> => {
    await database.query({ text: change });
    const verification = valueOf(await call(verifyAudit, {}));
    await database.query({ text: restore });
    return verification;
  };

  it('confirms a chain that nobody touched', async () => {
    const head = valueOf(await call(verifyAudit, {}));
    expect(head).toMatchObject({ verified: true, head_seq: 7, records: 7, head_hash: expect.any(String) });
    expect(head.violation).toBeUndefined();
    expect(valueOf(await call(verifyAudit, {}, { ...tenant, org_id: 'other' }))).toMatchObject({ verified: true, records: 0, head_hash: null });
  });

  it('finds a changed record, a missing one, and a cut end', async () => {
    await database.query({ text: 'create table saved as select * from countersign.audit_records' });
    const restore = 'truncate countersign.audit_records; insert into countersign.audit_records select * from saved';
    expect(await restored(`update countersign.audit_records set payload = replace(payload, 'r1', 'r9') where seq = 2`, restore)).toMatchObject({ verified: false, violation: { kind: 'record_hash_mismatch', seq: 2 } });
    expect(await restored('delete from countersign.audit_records where seq = 2', restore)).toMatchObject({ verified: false, violation: { kind: 'seq_gap', seq: 3 } });
    expect(await restored('delete from countersign.audit_records where seq > 3', restore)).toMatchObject({ verified: false, violation: { kind: 'seq_gap', seq: 4 } });
    expect(await restored(`update countersign.audit_records set payload = 'no json' where seq = 2`, restore)).toMatchObject({ verified: false, violation: { seq: 2 } });
  });

  it('finds an archived commit that was changed afterwards', async () => {
    const swap = (from: string, to: string) => `update countersign.archive set body = replace(body, '${from}', '${to}') where position = 3`;
    expect(await restored(swap('ada', 'mallory'), swap('mallory', 'ada'))).toMatchObject({ verified: false, violation: { kind: 'record_hash_mismatch', seq: 2 } });
    expect(valueOf(await call(verifyAudit, {})).verified).toBe(true);
  });
});
