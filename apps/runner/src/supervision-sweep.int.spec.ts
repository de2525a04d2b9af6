import { createHash, randomUUID } from 'node:crypto';
import { createAutomation, DefinitionLibrary, requestRun, RunExecutor, runAggregate, type StepOutcome } from '@cs/automation-application';
import { statefulStatus } from '@cs/automation-domain';
import { listWatchedRuns, localImplicitTenant, type CallContext, type Run } from '@cs/contracts';
import { giveUp, loadAggregate, type Eventing } from '@cs/eventing';
import { connectNats, Consumers, ensureStreams, JetStreamEventStore, JetStreamLogReader, QueueProgress, RunSignals, TimerSchedule, type RunningConsumer } from '@cs/jetstream';
import { noPosition, toPosition, type Json } from '@cs/kernel';
import { createLogger, type RpcClient } from '@cs/platform';
import { Database, migrate, PostgresProjectionQueries, PostgresProjectionStore, PostgresServiceQueries } from '@cs/postgres';
import { projectBatch, ProjectionMemory, statefulStatusesOf, tenantKey } from '@cs/read-models';
import { JsonataEvaluator } from '@cs/step-runners';
import { eventually, startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { automation, ScriptedHttp, steps } from './in-memory-runner.fixture.js';
import { runQueue } from './run-queue.js';
import { SupervisionSweep } from './supervision-sweep.js';

const minute = 60_000;
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const callOf = (org_id: string): CallContext => ({ tenant: { ...localImplicitTenant, org_id }, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'test' });

describe('the supervision sweep on a real log and its projection', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let nc: NatsConnection;
  let database: Database;
  let signals: RunSignals;
  let eventing: Eventing;
  let definitions: DefinitionLibrary;
  let sweep: SupervisionSweep;
  let projecting: Promise<void>;
  /** How far the clock of everything here is ahead. */
  let aheadMs = 0;
  const clock = (): number => Date.now() + aheadMs;
  const evaluator = new JsonataEvaluator();
  const stopping = new AbortController();
  const queues: RunningConsumer[] = [];
  const errors: unknown[] = [];

  /** What the projector does, without publishing. */
  const project = async (): Promise<void> => {
    const store = new PostgresProjectionStore(database);
    const memory = new ProjectionMemory({ maxRuns: 1000, maxBytes: 1e8 });
    let after = noPosition;
    for await (const entries of new JetStreamLogReader(nc, { onError: (error) => errors.push(error) }).batches(after, { maxEntries: 100, signal: stopping.signal })) {
      const missing = memory.missing(entries);
      memory.remember(missing, await store.load(missing));
      await store.write(projectBatch(entries, { memory, digest, now: clock() }), { after, published: noPosition });
      after = entries.at(-1)?.position ?? after;
    }
  };

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startTestNats(), startTestPostgres()]);
    nc = await connectNats({ url: nats.url, name: 'test' });
    await ensureStreams(nc);
    database = new Database({ url: postgres.url, name: 'test', poolSize: 4 });
    await migrate(database);
    eventing = { store: new JetStreamEventStore(nc), clock, digest };
    definitions = new DefinitionLibrary(eventing);
    signals = new RunSignals(nc);
    const services = new PostgresServiceQueries(database);
    // The observability service's answer, without the request over the wire.
    const rpc = { call: async (_method: unknown, { payload }: { payload: unknown }) => ({ ok: true, value: { runs: await services.watchedRuns(listWatchedRuns.payload.parse(payload)) } }) } as unknown as RpcClient;
    sweep = new SupervisionSweep({ rpc, clock, onRepaired: () => undefined, queues: new QueueProgress(nc), logger: createLogger({ service: 'runner', level: 'silent' }), runs: { eventing, definitions, changes: signals } });
    projecting = project();
  }, 60_000);
  afterAll(async () => {
    stopping.abort();
    await Promise.all([sweep.stop(), projecting, ...queues.map((queue) => queue.stop())]);
    signals.stop();
    await evaluator.close();
    await database.close();
    await nc.close();
    await Promise.all([nats.stop(), postgres.stop()]);
  });
  afterEach(() => expect(errors).toEqual([]));

  /** A runner takes the runs of every tenant. */
  const startRunner = (http: ScriptedHttp, claimantId: string): RunningConsumer => {
    const executor = new RunExecutor({ eventing, definitions, evaluator, http, newId: randomUUID, claimantId, leaseMs: 15_000, secrets: new Map(), timers: new TimerSchedule(nc), changes: signals });
    const queue = new Consumers({ nc, eventing, onError: (error) => errors.push(error) })
      .startTenantQueues(runQueue({ executor, eventing, stopping: stopping.signal, config: { RUNNER_LEASE_MS: 15_000, RUNNER_MAX_RUNS: 4, RUNNER_MAX_RUNS_PER_TENANT: 4 } }));
    queues.push(queue);
    return queue;
  };

  const start = async (org: string, nodes: readonly Json[]): Promise<string> => {
    const stored = await createAutomation({ eventing, definitions, evaluator }, callOf(org), automation(nodes));
    const requested = stored.ok ? await requestRun({ eventing, definitions, newId: randomUUID }, callOf(org), { automation_id: 'a', input: {} }) : stored;
    if (!requested.ok) throw new Error(JSON.stringify(requested.refusal));
    return requested.value.run.run_id;
  };
  const loaded = async (org: string, id: string) => await loadAggregate({ store: eventing.store, aggregate: runAggregate }, { org_id: org, workspace_id: localImplicitTenant.workspace_id, aggregate: 'run', id });
  const load = async (org: string, id: string): Promise<Run> => {
    const { state } = await loaded(org, id);
    if (state === undefined) throw new Error(`no run ${id}`);
    return state;
  };
  const untilStatus = (org: string, id: string, status: Run['status']): Promise<Run> =>
    eventually(async () => {
      const run = await load(org, id);
      return run.status === status ? run : undefined;
    }, { timeoutMs: 15_000 });
  /** Waits until the projection has the run as it is now. */
  const projected = async (org: string, id: string): Promise<void> => {
    const { position } = await loaded(org, id);
    await eventually(async () => (await new PostgresServiceQueries(database).position()) >= toPosition(position), { timeoutMs: 15_000 });
  };

  it('reaps a running run in which nothing happens, lets it go on by itself, and its step goes out under the same key', async () => {
    const http = new ScriptedHttp();
    let letGo: (outcome: StepOutcome) => void = () => undefined;
    http.answer = () => new Promise((resolve) => (letGo = resolve));
    const runner = startRunner(http, 'runner-that-hangs');
    const run = await start('stale', [steps.post('pay')]);
    await eventually(() => http.sent.length === 1, { timeoutMs: 15_000 });
    await projected('stale', run);

    await sweep.sweep();
    expect((await load('stale', run)).status).toBe('running');

    aheadMs += 11 * minute;
    await sweep.sweep();
    expect(await load('stale', run)).toMatchObject({ status: 'paused', stop_kind: 'stale_reaped', checkpoint: { node_outputs: { pay: { contract_kind: 'needs_repair' } } } });

    http.answer = () => ({ kind: 'succeeded', output: 'paid' });
    letGo({ kind: 'aborted' });
    await projected('stale', run);
    await sweep.sweep();
    await untilStatus('stale', run, 'completed');
    expect(http.sent.map(({ idempotency }) => idempotency?.key)).toEqual([`${run}:pay:0`, `${run}:pay:0`]);
    await runner.stop();
  }, 60_000);

  it('queues a run again whose queue message was terminated, and leaves one alone that only waits its turn', async () => {
    const breaking = new Consumers({ nc, eventing, onError: (error) => errors.push(error) }).startTenantQueues({ slots: 1, ackWaitMs: 15_000, maxDeliver: 5, handle: () => Promise.resolve(giveUp('the runner cannot read it')) });
    const lost = await start('lost', [steps.transform('work', '1')]);
    const { position } = await loaded('lost', lost);
    const progress = new QueueProgress(nc);
    await eventually(async () => ((await progress.settledThrough({ org_id: 'lost', workspace_id: localImplicitTenant.workspace_id })) ?? 0) >= position, { timeoutMs: 15_000 });
    await breaking.stop();
    const waiting = await start('lost', [steps.transform('work', '1')]);
    await projected('lost', waiting);

    await sweep.sweep();
    expect((await load('lost', lost)).version).toBe(1);

    aheadMs += 2 * minute;
    await sweep.sweep();
    expect(await load('lost', lost)).toMatchObject({ status: 'queued', version: 2, supervision: { renewals: 1 } });
    expect((await load('lost', waiting)).version).toBe(1);

    const runner = startRunner(new ScriptedHttp(), 'runner-that-works');
    await untilStatus('lost', lost, 'completed');
    await untilStatus('lost', waiting, 'completed');
    await runner.stop();
  }, 60_000);

  it('shows a run that left a dead letter as dead-lettered, and a filter by "failed" finds it', async () => {
    const http = new ScriptedHttp();
    http.answer = () => ({ kind: 'failed', failure: { kind: 'unexpected_status', message: '400' }, effect: 'answered', retryable: false });
    const runner = startRunner(http, 'runner-3');
    const run = await start('dead', [{ ...(steps.post('pay') as object), retry_policy: { terminal_behavior: { mode: 'dead_letter' } } } as unknown as Json]);
    expect(statefulStatus(await untilStatus('dead', run, 'failed'))).toBe('dead_lettered');
    await projected('dead', run);
    const queries = new PostgresProjectionQueries(database);
    const found = await queries.runs(tenantKey(callOf('dead').tenant), { statuses: statefulStatusesOf('failed') }, { limit: 10 });
    expect(found.items.map((stored) => [stored.run.run_id, stored.run.status])).toEqual([[run, 'failed']]);
    await runner.stop();
  }, 60_000);
});
