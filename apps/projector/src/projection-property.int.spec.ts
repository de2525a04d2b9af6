import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { logSubject, type GateDecision, type RunEvent } from '@cs/contracts';
import { appendEvents, noAuditKeys, readLogEntry, unwritten, type EventStore, type Loaded, type LogEntry, type LogReader } from '@cs/eventing';
import { noPosition, toPosition, type Position } from '@cs/kernel';
import { Database, migrate, PostgresProjectionStore } from '@cs/postgres';
import { ProjectionMemory, projectBatch, type ProjectionStore } from '@cs/read-models';
import { sha256, startTestPostgres, type TestPostgres } from '@cs/testing';
import fc from 'fast-check';
import { ProjectionSession } from './projection-session.js';
import { RefusedCommits } from './refused-commits.js';

/** Random histories; `npm run projection-property` takes many. */
const histories = Number(process.env['PROJECTION_HISTORIES'] ?? 12);
const seed = Number(process.env['PROJECTION_SEED'] ?? 20261127);

let postgres: TestPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = new Database({ url: postgres.url, name: 'test', poolSize: 4 });
}, 60_000);
afterAll(async () => {
  await database.close();
  await postgres.stop();
});

const tenants = [{ org_id: 'acme', workspace_id: 'ops' }, { org_id: 'acme', workspace_id: 'lab', deployment_id: 'eu' }] as const;
const person = { kind: 'human', actor_id: 'ada' } as const;

/** What may happen next in a run, by name. */
const moves: Readonly<Record<string, (run: string, at: number, tenant: (typeof tenants)[number]) => readonly RunEvent[]>> = {
  create: (run_id, _at, tenant) => [{
    event_type: 'run_created',
    data: {
      run_id, automation_id: 'refund', tenant_context: { ...tenant, source: 'explicit' }, trigger_type: 'manual', requested_by: person, input: { z: 1, a: 2 }, workflow_definition_version: 'v1',
      workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: ['b', 'a', 'sign'],
    },
  }],
  claim: (_run, at) => [{ event_type: 'run_execution_claimed', data: { claim: { claim_id: `c${at}`, claimant_id: 'r', claimed_at_ms: at, lease_expires_at_ms: at + 9, lease_epoch: at } } }, { event_type: 'node_started', data: { node_id: 'a', attempt: 1 } }],
  // Twice the same in one commit: they differ by their occurrence only.
  twice: () => [{ event_type: 'node_started', data: { node_id: 'b', attempt: 1 } }, { event_type: 'node_started', data: { node_id: 'b', attempt: 1 } }],
  complete: (_run, at) => [{ event_type: 'node_completed', data: { node_id: 'a', attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { z: [1, { y: at }], a: 'x\u0000y' }, created_at_ms: at } } }],
  backOff: (_run, at) => [
    { event_type: 'node_retry_backoff_scheduled', data: { node_id: 'b', attempt: 1, next_attempt: 2, max_attempts: 3, backoff_ms: 5, retry_after_ms: at + 5, reason: 'timed out', failure: { kind: 'timeout', message: 'timed out' }, retry_decision: 'retry', wait: { wait_id: `w${at}`, node_id: 'b', wait_kind: 'retry_backoff', wake_at_ms: at + 5, created_at_ms: at } } },
    { event_type: 'run_parked', data: { wait_ids: [`w${at}`], retry_after_ms: at + 5 } },
  ],
  gate: (run, at) => [{
    event_type: 'approval_gate_opened',
    data: { gate: { node_id: 'sign', gate_opening_id: `${run}-${at}`, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: 't', title: 'Sign it', decisions: ['approve', 'rework', 'cancel'], rework_targets: [], requested_at_ms: at, upstream_node_ids: ['a'] }, blocked_nodes: [] },
  }],
  finish: () => [{ event_type: 'run_completed', data: {} }],
  fail: () => [{ event_type: 'run_failed', data: { detail: 'no' } }],
};

/** A decision belongs to the gate that is open. */
const decide = (state: RunState, decision: GateDecision, at: number): readonly RunEvent[] => {
  const gate = state?.checkpoint.awaiting_gate;
  return gate === undefined ? [] : [{ event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: gate.gate_opening_id, decision, decided_at_ms: at, decided_by: person } }];
};

interface Step {
  readonly run: number;
  readonly move: string;
  readonly repeated: boolean;
}

/** A log as writers of several runs leave it: in any order among the runs, and commits that were sent twice are there once. */
const logOf = async (steps: readonly Step[]): Promise<readonly LogEntry[]> => {
  const entries: LogEntry[] = [];
  const heads = new Map<string, Position>();
  const store: Pick<EventStore, 'append'> = {
    append: (ref, status, commit) => {
      if ((heads.get(ref.id) ?? noPosition) !== commit.previous) return Promise.resolve({ kind: 'conflict' });
      const position = toPosition(entries.length + 1);
      entries.push(readLogEntry({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) }));
      heads.set(ref.id, position);
      return Promise.resolve({ kind: 'appended', position, duplicate: false });
    },
  };
  const runs = new Map<string, Loaded<RunState>>();
  for (const [index, { run, move, repeated }] of steps.entries()) {
    const id = `automation-v2-run-${run}`;
    const tenant = tenants[run % tenants.length] ?? tenants[0];
    const before = runs.get(id) ?? unwritten(runAggregate, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id });
    const at = 1000 + index;
    const events = before.state === undefined ? moves['create']?.(id, at, tenant) : move === 'approve' || move === 'rework' ? decide(before.state, move, at) : moves[move]?.(id, at, tenant);
    if (events === undefined || events.length === 0) continue;
    const send = () => appendEvents({ eventing: { store: store as EventStore, clock: () => at, digest: sha256 }, aggregate: runAggregate }, before, { events, context: { at_ms: at, actor: person, correlation_id: 'refund' } });
    const sent = await send();
    if (repeated) expect((await send()).kind).toBe('conflict');
    if (sent.kind === 'appended') runs.set(id, sent.loaded);
  }
  return entries;
};

/** The log from a position on, in batches of random sizes, as after each restart. */
const readerOf = (entries: readonly LogEntry[], sizes: () => number): LogReader => ({
  async *batches(after, { signal }) {
    for (let from: number = after; from < entries.length && !signal.aborted; ) {
      const size = sizes();
      yield await Promise.resolve(entries.slice(from, from + size));
      from += size;
    }
  },
});

class Killed extends Error {}

/** Dies at a write: before it, or after it without hearing the answer. */
const dyingStore = (store: ProjectionStore, death: { readonly write: number; readonly isAfter: boolean }): ProjectionStore => {
  let writes = 0;
  return {
    progress: () => store.progress(), load: (missing) => store.load(missing), archived: (from, limit) => store.archived(from, limit), markPublished: (published) => store.markPublished(published),
    write: async (changes, options) => {
      writes += 1;
      if (writes === death.write && !death.isAfter) throw new Killed();
      await store.write(changes, options);
      if (writes === death.write) throw new Killed();
    },
  };
};

const tablesText = `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position', 'retention') order by 1`;

const contents = async (): Promise<Readonly<Record<string, readonly string[]>>> => {
  const tables = await database.query<{ name: string }>({ text: tablesText });
  const rows = await Promise.all(tables.map(async ({ name }) => [name, (await database.query<{ row: string }>({ text: `select t::text as row from countersign.${name} as t order by t::text` })).map(({ row }) => row)] as const));
  return Object.fromEntries(rows);
};

const empty = async (): Promise<void> => {
  const tables = await database.query<{ name: string }>({ text: tablesText });
  await database.query({ text: `truncate ${tables.map(({ name }) => `countersign.${name}`).join(', ')}; update countersign.projection_position set projected = 0, published = 0` });
};

/** Everything in one fold. */
const foldFromZero = async (entries: readonly LogEntry[]): Promise<void> => {
  const store = new PostgresProjectionStore(database);
  await store.progress();
  await store.write(projectBatch(entries, { memory: new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e9 }), digest: sha256, now: 7 }), { after: noPosition, published: noPosition });
};

interface Life {
  readonly write: number;
  readonly isAfter: boolean;
  readonly sizes: readonly number[];
  readonly remembered: number;
}

/** One process: projects until it dies or is through. What it held in memory is gone with it. */
const live = async (entries: readonly LogEntry[], { write, isAfter, sizes, remembered }: Life): Promise<void> => {
  let turn = 0;
  const store = dyingStore(new PostgresProjectionStore(database), { write, isAfter });
  const session = new ProjectionSession({
    reader: readerOf(entries, () => sizes[(turn += 1) % sizes.length] ?? 1), store, relay: { published: noPosition, offer: () => Promise.resolve() }, digest: sha256, auditKeys: noAuditKeys, clock: () => 7,
    limits: { maxCommits: 1000, maxBytes: 4000, maxRuns: remembered }, refused: new RefusedCommits(), onWritten: () => undefined,
  });
  const { projected } = await store.progress();
  await session.run(projected, new AbortController().signal).catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
};

const largestBatch = 7;
/** A projector remembers at least these: one batch is being written while the next is projected. The others it forgets and reads again. */
const runsOfTwoBatches = 2 * largestBatch;

const step = fc.record({ run: fc.nat(19), move: fc.constantFrom(...Object.keys(moves).filter((move) => move !== 'create'), 'approve', 'rework'), repeated: fc.boolean() });
const life = fc.record({ write: fc.integer({ min: 1, max: 4 }), isAfter: fc.boolean(), sizes: fc.array(fc.integer({ min: 1, max: largestBatch }), { minLength: 1, maxLength: 4 }), remembered: fc.integer({ min: runsOfTwoBatches, max: runsOfTwoBatches + 3 }) });

/** A gate of a run that has failed is decided: the row of its opening is in the database when the projector died before, and in the batch when not. */
const decidedAfterTheEnd = ['claim', 'gate', 'fail', 'rework', 'claim'].map((move) => ({ run: 4, move, repeated: false }));

describe('projecting random histories', () => {
  it('gives rows that equal a fold from zero, byte for byte, with duplicates, any order among aggregates, and kills at random points', async () => {
    await migrate(database);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 100 }), fc.array(life, { minLength: 1, maxLength: 12 }), async (steps, lives) => {
        const entries = await logOf(steps);
        await empty();
        for (const one of lives) await live(entries, one);
        await live(entries, { write: 0, isAfter: false, sizes: [3], remembered: runsOfTwoBatches });
        const projected = await contents();
        await empty();
        await foldFromZero(entries);
        expect(projected).toEqual(await contents());
        expect(projected['archive']).toHaveLength(entries.length);
      }),
      { numRuns: histories, seed, examples: [[decidedAfterTheEnd, [{ write: 1, isAfter: false, sizes: [1], remembered: runsOfTwoBatches }]]] },
    );
  }, 600_000);
});
