import { runAggregate } from '@cs/automation-application';
import { logSubject, streams, type AggregateRef, type RunEvent } from '@cs/contracts';
import { appendEvents, noAuditKeys, unwritten, type AuditKeys } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAuditAnchors, JetStreamEventPublisher, JetStreamEventStore, JetStreamLogReader } from '@cs/jetstream';
import { createLogger } from '@cs/platform';
import { Database, PostgresProjectionStore } from '@cs/postgres';
import { eventually, fixedClock, sha256, startTestNats, startTestPostgres, type TestNats, type TestPostgres } from '@cs/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Registry } from 'prom-client';
import { AuditAnchoring } from './audit-anchoring.js';
import { ProjectorMetrics } from './projector-metrics.js';
import { Projector } from './projector.js';

const hash = `sha256:${'0'.repeat(64)}`;
const created = (run: string): RunEvent => ({
  event_type: 'run_created',
  data: {
    run_id: run, automation_id: 'refund', tenant_context: { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' },
    input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['a', 'sign'],
  },
});
const claimed: RunEvent = { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'c', claimant_id: 'r', claimed_at_ms: 1, lease_expires_at_ms: 2, lease_epoch: 1 } } };
const started: RunEvent = { event_type: 'node_started', data: { node_id: 'a', attempt: 1 } };
const output = (content: string): RunEvent => ({ event_type: 'node_completed', data: { node_id: 'a', attempt: 1, output: { status: 'completed', contract_kind: 'http', content, created_at_ms: 3 } } });
const gateOpened = (run: string): RunEvent => ({
  event_type: 'approval_gate_opened',
  data: {
    gate: {
      node_id: 'sign', gate_opening_id: `${run}-sign-1`, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: `automation_v2:${run}:sign:decision`,
      title: 'Sign it', instructions: 'Look closely', decisions: ['approve', 'cancel'], rework_targets: [], requested_at_ms: 4, upstream_node_ids: ['a'],
    },
    blocked_nodes: [],
  },
});
const decided = (run: string): RunEvent => ({
  event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: `${run}-sign-1`, decision: 'approve', decided_at_ms: 5, decided_by: { kind: 'human', actor_id: 'eve' } },
});
const completed: RunEvent = { event_type: 'run_completed', data: {} };

/** Tables whose rows two ways of projecting must agree on. */
const contentQuery = `select c.relname as name from pg_class c where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position') order by 1`;

/** A log and a database of real servers, and projectors between them. */
export class ProjectionWorld {
  readonly #databases: Database[] = [];
  readonly #projectors: Projector[] = [];
  #nc: NatsConnection | undefined;

  private constructor(readonly nats: TestNats, readonly postgres: TestPostgres) {}

  static async start(): Promise<ProjectionWorld> {
    const [nats, postgres] = await Promise.all([startTestNats({ syncInterval: '2m' }), startTestPostgres()]);
    return new ProjectionWorld(nats, postgres);
  }

  get nc(): NatsConnection {
    if (this.#nc === undefined) throw new Error('not begun');
    return this.#nc;
  }

  /** Empty streams and an empty database. */
  async begin(): Promise<void> {
    this.#nc = await connectNats({ url: this.nats.url, name: 'test' });
    const jsm = await jetstreamManager(this.nc);
    for await (const { config } of jsm.streams.list()) await jsm.streams.delete(config.name);
    await ensureStreams(this.nc);
    await this.connect().query({ text: 'drop schema if exists countersign cascade; drop schema if exists countersign_next cascade' });
  }

  async end(): Promise<void> {
    await this.stopProjectors();
    await Promise.all(this.#databases.splice(0).map((opened) => opened.close()));
    await this.nc.close();
  }

  async stop(): Promise<void> {
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }

  connect(): Database {
    const opened = new Database({ url: this.postgres.url, name: 'projector', poolSize: 4 });
    this.#databases.push(opened);
    return opened;
  }

  startProjector(auditKeys: AuditKeys = noAuditKeys): Projector {
    const own = this.connect();
    const store = new PostgresProjectionStore(own);
    const logger = createLogger({ service: 'projector', level: 'silent' });
    const anchors = new JetStreamAuditAnchors(this.nc);
    const projector = new Projector({
      database: own, store, reader: new JetStreamLogReader(this.nc, { onError: () => undefined }), log: new JetStreamEventStore(this.nc),
      publisher: new JetStreamEventPublisher(this.nc), digest: sha256, auditKeys, clock: Date.now, logger,
      anchoring: new AuditAnchoring({ anchors, store, auditKeys, clock: Date.now, logger, intervalMs: 3_600_000, records: 1_000_000, onMismatch: () => undefined }), metrics: new ProjectorMetrics(new Registry()), announce: () => undefined,
      limits: { maxCommits: 1000, maxBytes: 16_000_000, maxRuns: 2000 },
    });
    this.#projectors.push(projector);
    projector.start();
    return projector;
  }

  async stopProjectors(): Promise<void> {
    await Promise.all(this.#projectors.splice(0).map((projector) => projector.stop()));
  }

  /** Appends commits of one run; answers the position of the last. */
  async record(run: string, ...commits: readonly (readonly RunEvent[])[]): Promise<number> {
    const eventing = { store: new JetStreamEventStore(this.nc), clock: fixedClock(), digest: sha256 };
    const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: run };
    let loaded = unwritten(runAggregate, ref);
    for (const events of commits) {
      const result = await appendEvents({ eventing, aggregate: runAggregate }, loaded, { events, context: { at_ms: 1_000_000 + loaded.version, correlation_id: 'refund' } });
      if (result.kind === 'conflict') throw new Error('nobody else writes here');
      loaded = result.loaded;
    }
    return loaded.position;
  }

  /** A run that is executed and signed; `content` is what its step answers. */
  wholeRun(run: string, content = 'ok'): Promise<number> {
    return this.record(run, [created(run)], [claimed, started], [output(content), gateOpened(run)], [decided(run)], [completed]);
  }

  runThatStarts(run: string, ...events: readonly RunEvent[]): Promise<number> {
    return this.record(run, [created(run)], [claimed, started], events);
  }

  /** A run that waits for a signature. */
  waitingRun(run: string): Promise<number> {
    return this.record(run, [created(run)], [claimed, started], [output('ok'), gateOpened(run)]);
  }

  async unreadableCommit(body = '{"commit_id":"x"'): Promise<void> {
    await jetstream(this.nc).publish(logSubject({ org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'broken' }, 'queued'), body);
  }

  async projected(): Promise<number> {
    const [row] = await this.connect().query<{ projected: number }>({ text: 'select projected from countersign.projection_position' }).catch(() => []);
    return row?.projected ?? -1;
  }

  async projectedUpTo(position: number): Promise<void> {
    const database = this.connect();
    await eventually(async () => {
      const [row] = await database.query<{ projected: number }>({ text: 'select projected from countersign.projection_position' });
      return row !== undefined && row.projected >= position;
    }, { timeoutMs: 15_000 });
  }

  /** Every row of every projection, as text. */
  async rows(): Promise<Readonly<Record<string, readonly string[]>>> {
    const database = this.connect();
    const tables = await database.query<{ name: string }>({ text: contentQuery });
    const contents = await Promise.all(tables.map(async ({ name }) => [name, await database.query<{ row: string }>({ text: `select t::text as row from countersign.${name} as t order by t::text` })] as const));
    return Object.fromEntries(contents.map(([name, rows]) => [name, rows.map(({ row }) => row)]));
  }

  /** As if the data folder of NATS were gone. */
  async loseLog(): Promise<void> {
    const jsm = await jetstreamManager(this.nc);
    for await (const { config } of jsm.streams.list()) await jsm.streams.delete(config.name);
  }

  /** Every message of the log as it is stored: position, subject, commit id, how its body is to be read, and body. */
  async messages(): Promise<readonly string[]> {
    const jsm = await jetstreamManager(this.nc);
    const { state } = await jsm.streams.info(streams.log.name);
    const messages: string[] = [];
    for (let seq = 1; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage(streams.log.name, { seq });
      messages.push(`${seq} ${message?.subject} ${message?.header.get('Nats-Msg-Id').replace(/^restored-.*/, '')} ${message?.header.get('Cs-Blobs')} ${message?.string()}`);
    }
    return messages;
  }

  /** Positions and places of all published events, in order. */
  async published(): Promise<readonly string[]> {
    const jsm = await jetstreamManager(this.nc);
    const { state } = await jsm.streams.info(streams.events.name);
    const places: string[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage(streams.events.name, { seq });
      if (message) places.push(`${message.header.get('ce-position')}-${message.header.get('ce-index')}`);
    }
    return places;
  }

  /** Waits until as many events are published as runs have. */
  async publishedAll(): Promise<void> {
    const database = this.connect();
    await eventually(async () => {
      const [row] = await database.query<{ events: number }>({ text: 'select count(*) as events from countersign.run_events' });
      const { state } = await (await jetstreamManager(this.nc)).streams.info(streams.events.name);
      return state.last_seq >= (row?.events ?? 0);
    }, { timeoutMs: 15_000 });
  }
}
