import { describe, expect, it } from '@jest/globals';
import { importRunHistory } from '@cs/automation-application';
import { logSubject, runImportSchema, type CallContext, type RunImport } from '@cs/contracts';
import { InMemoryEventStore, readLogEntry, type LogEntry } from '@cs/eventing';
import type { JsonObject } from '@cs/kernel';
import type { z } from 'zod';
import fc from 'fast-check';
import { newMemory, project } from './log-history.fixture.js';
import { sha256 } from '@cs/testing';
import type { RowChanges } from './row-changes.js';

const admin: CallContext = { tenant: { org_id: 'local', workspace_id: 'local', source: 'local_implicit' }, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'c' };
const run_id = 'automation-v2-run-1';
type Input = z.input<typeof runImportSchema>;
type Record_ = Input['run']['checkpoint']['lifecycle_history'][number];

const history: readonly Record_[] = [
  { event: 'run_created', recorded_at_ms: 1000 },
  { event: 'run_execution_claimed', recorded_at_ms: 1010, metadata: { claim: { claim_id: 'claim-1' } } },
  { event: 'node_started', recorded_at_ms: 1020, metadata: { node_id: ' charge ', session_id: 'session-1' } },
  { event: 'node_retry_backoff_scheduled', recorded_at_ms: 1030, metadata: { node_id: 'charge', wait_kind: 'retry_backoff' } },
  { event: 'run_execution_claimed', recorded_at_ms: 1040, metadata: { claim: { claim_id: 'claim-2' } } },
  { event: 'node_started', recorded_at_ms: 1050, metadata: { node_id: 'charge' } },
  { event: 'node_started', recorded_at_ms: 1050, metadata: { node_id: 'charge' } },
  { event: 'node_completed', recorded_at_ms: 1060, reason: 'done', metadata: 'ok' },
];

const started: Record_ = { event: 'node_started', recorded_at_ms: 1050, metadata: { node_id: 'charge' } };

const aRun = (lifecycle_history: readonly Record_[] = history, over: Partial<Input['run']> = {}): RunImport['run'] => runImportSchema.parse({
  run: { run_id, automation_id: 'refund', status: 'completed', trigger_type: 'manual', created_at_ms: 1000, updated_at_ms: 1060, checkpoint: { completed_nodes: ['charge'], lifecycle_history }, ...over },
}).run;

/** A log of its own, and what is projected from it. */
const setUp = () => {
  const store = new InMemoryEventStore();
  let ids = 0;
  const options = { eventing: { store, clock: () => 5000, digest: sha256 }, newId: () => `id-${(ids += 1)}` };
  const send = (request: Partial<RunImport> & Pick<RunImport, 'run'>, context = admin) => importRunHistory(options, context, { events: [], partial: false, first_index: 0, ...request });
  const entries = (): readonly LogEntry[] => store.all().map(({ position, ref, status, commit }) => readLogEntry({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) }));
  return { store, send, entries, rows: (): RowChanges => project(entries()) };
};

describe('importing the history of a run of another system', () => {
  it('gives the projection that the other system had: ids, types, causes, phases and waits as in domain 7', async () => {
    const { send, rows } = setUp();
    expect(await send({ run: aRun() })).toMatchObject({ ok: true, value: { imported: { run_id, imported: 8, known: 0, last_seq: 8 } } });
    const { imported_run_events: events, imported_runs } = rows();
    const identity = { run_id, automation_id: 'refund', event: 'run_created', recorded_at_ms: 1000, reason: null, stop_kind: null, metadata: null };
    const hash = sha256(JSON.stringify(Object.fromEntries(Object.entries(identity).sort(([a], [b]) => (a < b ? -1 : 1)))));
    expect(events[0]).toMatchObject({
      event_id: `automation-v2-lifecycle-${run_id}-run_created-${hash.slice(0, 24)}-0`, seq: 1, event_type: 'stateful_runtime.automation_v2.run_created', occurred_at_ms: 1000, actor: null, correlation_id: 'refund', causation_id: null,
      payload: { source: 'automation_v2_lifecycle', automation_id: 'refund', trigger_type: 'manual', event: 'run_created', lifecycle_index: 0, lifecycle_occurrence: 0, reason: null, stop_kind: null, metadata: {}, counts_as_activity: true },
    });
    expect(events.map(({ status, phase_id, wait_kind, causation_id, phase_transition }) => [status, phase_id, wait_kind, causation_id, phase_transition?.to_phase ?? null])).toEqual([
      ['queued', null, null, null, 'queued'], ['running', null, null, 'claim-1', 'running_phase'], ['running', 'charge', null, 'session-1', null], ['queued', 'charge', 'retry_backoff', null, 'retrying'],
      ['running', null, null, 'claim-2', 'running_phase'], ['running', 'charge', null, null, null], ['running', 'charge', null, null, null], ['completed', null, null, null, 'completed'],
    ]);
    expect(events[7]?.payload).toMatchObject({ metadata: { value: 'ok' }, reason: 'done' });
    expect(imported_runs).toEqual([expect.objectContaining({ run_id, automation_id: 'refund', stateful_status: 'completed', phase: 'completed', last_seq: 8, org_id: 'local' })]);
  });

  it('Projecting the same history again appends nothing; event ids do not change when an unrelated record is inserted before', async () => {
    const { send, rows, store } = setUp();
    await send({ run: aRun() });
    const before = rows().imported_run_events;
    expect(await send({ run: aRun() })).toMatchObject({ value: { imported: { imported: 0, known: 8, last_seq: 8 } } });
    expect(store.all()).toHaveLength(1);
    expect(await send({ run: aRun([{ event: 'phase_opened', recorded_at_ms: 999 }, ...history]) })).toMatchObject({ value: { imported: { imported: 1, known: 8, last_seq: 9 } } });
    expect(rows().imported_run_events.slice(0, 8)).toEqual(before);
  });

  it('Two identical records get occurrences 0 and 1', async () => {
    const { send, rows } = setUp();
    await send({ run: aRun() });
    const [first, second] = rows().imported_run_events.slice(5, 7).map(({ event_id }) => event_id);
    expect([first?.at(-1), second?.at(-1), first?.slice(0, -1) === second?.slice(0, -1)]).toEqual(['0', '1', true]);
  });

  it('Legacy index ids and compacted ids are recognised, not re-appended', async () => {
    const { send, rows } = setUp();
    const legacy = (index: number, event: string) => `automation-v2-lifecycle-${run_id}-${index}-${event}`;
    const marker = { event_id: 'stateful-compaction-1', event_type: 'stateful_runtime.event_log_compacted', occurred_at_ms: 1010, payload: { compacted_event_ids: [{ event_id: legacy(0, 'run_created'), seq: 1 }, { event_id: legacy(1, 'run_execution_claimed'), seq: 2 }] } };
    const stored = { event_id: legacy(2, 'node_started'), event_type: 'stateful_runtime.automation_v2.node_started', occurred_at_ms: 1020, correlation_id: 'refund', payload: { lifecycle_index: 2, reason: null, stop_kind: null, metadata: { node_id: ' charge ', session_id: 'session-1' } } };
    expect(await send({ run: aRun(), events: [marker, stored] })).toMatchObject({ value: { imported: { imported: 6, known: 3, last_seq: 6 } } });
    expect(rows().imported_run_events.map(({ event_id, seq }) => [seq, event_id.includes('node_started') ? event_id.length < 75 : false]).slice(0, 2)).toEqual([[1, true], [2, false]]);
    expect(rows().imported_run_events[0]?.event_id).toBe(legacy(2, 'node_started'));
    // The other way round: what the history brought is known when the stored event comes.
    expect(await send({ run: aRun([]), events: [stored, marker] })).toMatchObject({ value: { imported: { imported: 0, last_seq: 6 } } });
  });

  it('in parts, each with its place, loses none of the records that equal one of an earlier part, and takes none for one that was compacted', async () => {
    const { send, rows } = setUp();
    const again = { ...started, occurrence: 1 };
    await send({ run: aRun([...history.slice(0, 2), started], { status: 'running' }), partial: true });
    expect(await send({ run: aRun([again, ...history.slice(7)]), first_index: 3 })).toMatchObject({ value: { imported: { imported: 2, known: 0, last_seq: 5 } } });
    expect(await send({ run: aRun([again, ...history.slice(7)]), first_index: 3 })).toMatchObject({ value: { imported: { imported: 0, known: 2, last_seq: 5 } } });
    const { send: sendWhole, rows: whole } = setUp();
    await sendWhole({ run: aRun([...history.slice(0, 2), started, started, ...history.slice(7)]) });
    const shown = ({ imported_run_events }: RowChanges) => imported_run_events.map(({ event_id, seq, payload }) => [event_id, seq, (payload as JsonObject)['lifecycle_index'], (payload as JsonObject)['lifecycle_occurrence']]);
    expect(shown(rows())).toEqual(shown(whole()));
    const marker = { event_id: 'stateful-compaction-1', event_type: 'stateful_runtime.event_log_compacted', occurred_at_ms: 1, payload: { compacted_event_ids: [{ event_id: `automation-v2-lifecycle-${run_id}-0-node_started`, seq: 1 }] } };
    const { send: sendLater } = setUp();
    expect(await sendLater({ run: aRun([started]), events: [marker], first_index: 3 })).toMatchObject({ value: { imported: { imported: 1 } } });
  });

  it('an event that belongs to another automation is not taken for one of the run', async () => {
    const { send } = setUp();
    const foreign = { event_id: 'x', event_type: 'stateful_runtime.automation_v2.node_started', occurred_at_ms: 1020, correlation_id: 'other', payload: { metadata: { node_id: ' charge ', session_id: 'session-1' } } };
    expect(await send({ run: aRun(), events: [foreign] })).toMatchObject({ value: { imported: { imported: 8, last_seq: 8 } } });
  });

  it('an older record of the run does not take the place of a newer one', async () => {
    const { send, rows } = setUp();
    await send({ run: aRun() });
    await send({ run: aRun(history.slice(0, 3), { status: 'running', updated_at_ms: 1020 }) });
    expect(rows().imported_runs).toEqual([expect.objectContaining({ stateful_status: 'completed', last_seq: 8 })]);
  });

  it('in parts, repeated, in any order and at once imports each entry once, and a fold of the log gives the same rows however it is split', async () => {
    const slice = fc.tuple(fc.nat(history.length), fc.nat(history.length)).map(([one, other]) => history.slice(Math.min(one, other), Math.max(one, other)));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(slice, { minLength: 1, maxLength: 3 }), { maxLength: 4 }), fc.nat(10), async (rounds, cut) => {
        const { send, rows, entries } = setUp();
        for (const round of rounds) await Promise.all(round.map((part) => send({ run: aRun(part), partial: true })));
        await Promise.all([send({ run: aRun() }), send({ run: aRun() })]);
        const whole = rows();
        const ids = whole.imported_run_events.map(({ event_id }) => event_id);
        const { rows: alone, send: once } = setUp();
        await once({ run: aRun() });
        expect([...ids].sort()).toEqual(alone().imported_run_events.map(({ event_id }) => event_id).sort());
        expect(whole.imported_run_events.map(({ seq }) => seq)).toEqual(ids.map((_id, index) => index + 1));
        const memory = newMemory();
        const parts = [entries().slice(0, cut), entries().slice(cut)].map((part) => project(part, memory));
        expect(parts.flatMap(({ imported_run_events }) => imported_run_events)).toEqual(whole.imported_run_events);
        expect(parts.findLast(({ imported_runs }) => imported_runs.length > 0)?.imported_runs).toEqual(whole.imported_runs);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps no credential that a record holds', async () => {
    const { send, rows } = setUp();
    const secret = 'Bearer abcdefghijklmnopqrstuvwxyz0123456789';
    await send({ run: aRun([{ event: 'node_failed', recorded_at_ms: 1000, reason: `refused: Authorization: ${secret}`, metadata: { node_id: 'charge', headers: { authorization: secret } } }]) });
    expect(JSON.stringify(rows())).not.toContain('abcdefghijklmnopqrstuvwxyz0123456789');
  });

  it('is in the audit, with who did it', async () => {
    const { send, rows } = setUp();
    await send({ run: aRun() });
    expect(rows().audit_records).toEqual([expect.objectContaining({ event_type: 'stateful_runtime.run_history_imported', actor: admin.actor, payload: { runID: run_id, automationID: 'refund', entries: 8, first_seq: 1, importedBy: admin.actor } })]);
  });
});

describe('who may import, and what', () => {
  it('takes only people who administer the workspace, and audits who else tried', async () => {
    const { send, rows } = setUp();
    const agent: CallContext = { ...admin, actor: { kind: 'agent', actor_id: 'bot' } };
    const member: CallContext = { ...admin, tenant: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, memberships: { roles: ['member'], groups: [] } };
    for (const context of [agent, member]) expect(await send({ run: aRun() }, context)).toMatchObject({ ok: false, refusal: { code: 'RUN_IMPORT_REQUIRES_HUMAN_ADMIN' } });
    expect(rows().imported_runs).toEqual([]);
    expect(rows().audit_records.map(({ payload }) => payload)).toEqual([expect.objectContaining({ action: 'import_run_history', code: 'RUN_IMPORT_REQUIRES_HUMAN_ADMIN' }), expect.anything()]);
  });

  it('refuses the id of a run of its own, and of an import of another automation', async () => {
    const { send, store } = setUp();
    await store.append({ org_id: 'local', workspace_id: 'local', aggregate: 'run', id: 'own' }, 'queued', { commit_id: 'c', previous: 0, version: 1, events: [{ event_id: 'e', event_type: 'run_completed', version: 1, recorded_at_ms: 1, data: {} }] });
    expect(await send({ run: aRun(history, { run_id: 'own' }) })).toMatchObject({ refusal: { code: 'RUN_IMPORT_ID_TAKEN' } });
    await send({ run: aRun() });
    expect(await send({ run: aRun(history, { automation_id: 'other' }) })).toMatchObject({ refusal: { code: 'RUN_IMPORT_NOT_THIS_RUN' } });
  });

  it('keeps tenants apart: the same run id of two tenants is two runs', async () => {
    const { send, rows } = setUp();
    const other: CallContext = { ...admin, tenant: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, memberships: { roles: ['admin'], groups: [] } };
    await send({ run: aRun() });
    await send({ run: aRun(history.slice(0, 2)) }, other);
    expect(rows().imported_runs.map(({ org_id, last_seq }) => [org_id, last_seq])).toEqual([['local', 8], ['acme', 2]]);
  });

  it('is bounded in what one request and one run may have', async () => {
    const { send } = setUp();
    expect(runImportSchema.safeParse({ run: { ...aRun(), checkpoint: { lifecycle_history: Array.from({ length: 5001 }, (_none, index) => ({ event: 'x', recorded_at_ms: index })) } } }).success).toBe(false);
    for (let part = 0; part < 4; part += 1) await send({ run: aRun(Array.from({ length: 5000 }, (_none, index) => ({ event: 'x', recorded_at_ms: part * 5000 + index }))), partial: true });
    expect(await send({ run: aRun() })).toMatchObject({ refusal: { code: 'RUN_IMPORT_TOO_LONG' } });
  });
});
