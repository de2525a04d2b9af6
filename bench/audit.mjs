// npm run bench:audit: what verifying and exporting an audit chain costs, in time and memory, for chains of different lengths.
import { startTestNats, startTestPostgres } from '@cs/testing';
import { decodeCommit, InMemoryEventStore } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamAuditAnchors } from '@cs/jetstream';
import { HmacAuditKeys, sha256Hex } from '@cs/platform';
import { Database, migrate, PostgresAuditQueries, PostgresAuditReads, PostgresProjectionStore } from '@cs/postgres';
import { activateAuditKey, ProjectionMemory, projectBatch, signAnchor } from '@cs/read-models';
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { verifyAuditOf } from '../apps/observability/dist/audit-verification.js';
import { parseCheckpoint } from '../apps/observability/dist/verification-step.js';

const { values } = parseArgs({ options: { records: { type: 'string', default: '10000,100000' } } });
const lengths = values.records.split(',').map(Number).sort((a, b) => a - b);
const anchorEvery = 1000;
const batch = 2000;
const tenant = { org_id: 'bench', workspace_id: 'audit', deployment_id: '' };
const auditKeys = new HmacAuditKeys(JSON.stringify({ keys: [{ kty: 'oct', kid: 'bench', k: randomBytes(32).toString('base64url') }] }));

const nats = await startTestNats();
const postgres = await startTestPostgres();
const nc = await connectNats({ url: nats.url, name: 'bench' });
await ensureStreams(nc);
const database = new Database({ url: postgres.url, name: 'bench', settings: { synchronous_commit: 'off' } });
await migrate(database);

const log = new InMemoryEventStore();
await activateAuditKey({ store: log, clock: Date.now, digest: sha256Hex }, auditKeys);
const entryOf = (ref, status, position, body) => ({ position, subject: `cs.log.${ref.org_id}.${ref.workspace_id}.${ref.aggregate}.${ref.id}.${status}`, ref, status, body, stored: decodeCommit({ ref, status }, { position, body }) });
const activation = await log.at(1);
const hash = `sha256:${'0'.repeat(64)}`;
const requested = (position) => {
  const id = `automation-v2-run-${position}`;
  const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id };
  const body = JSON.stringify({
    commit_id: String(position).padStart(32, '0'), previous: 0, version: 1,
    events: [{
      event_id: `automation-v2-lifecycle-${id}-run_created-${sha256Hex(id).slice(0, 24)}-0`, event_type: 'run_created', version: 1, recorded_at_ms: 1_767_225_600_000 + position, actor: { kind: 'human', actor_id: 'ada', source: 'api_key' }, correlation_id: 'refund-order',
      data: {
        run_id: id, automation_id: 'refund-order', tenant_context: { org_id: tenant.org_id, workspace_id: tenant.workspace_id, source: 'explicit' }, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada', source: 'api_key' },
        input: { order_id: id, note: 'x'.repeat(400) }, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['look_up', 'approve', 'refund'],
      },
    }],
  });
  return entryOf(ref, 'queued', position, body);
};

const store = new PostgresProjectionStore(database);
const anchors = new JetStreamAuditAnchors(nc);
const memory = new ProjectionMemory({ maxRuns: 4000, maxBytes: 1e8 });
let position = 1;
let count = 0;
await store.write(projectBatch([entryOf(activation.ref, activation.status, 1, JSON.stringify(activation.commit))], { memory, digest: sha256Hex, auditKeys, now: 1 }), { after: 0, published: 0 });

const fillTo = async (records) => {
  while (position - 1 < records) {
    const size = Math.min(batch, records - (position - 1));
    const changes = projectBatch(Array.from({ length: size }, (_none, index) => requested(position + 1 + index)), { memory, digest: sha256Hex, auditKeys, now: 1 });
    await store.write(changes, { after: position, published: 0 });
    position += size;
    for (const { seq, record_hash } of changes.audit_records.filter((record) => record.seq % anchorEvery === 0)) {
      const last = await anchors.last(tenant);
      await anchors.append(signAnchor({ ...tenant, seq, record_hash, anchored_at_ms: Date.now(), count: (count += 1), key_id: 'bench' }, auditKeys), last?.place ?? 0);
    }
  }
};

const sources = { queries: new PostgresAuditQueries(database), anchors, log, digest: sha256Hex, auditKeys, clock: () => performance.now() };
/** Greatest growth of memory while something runs. */
const measured = async (work) => {
  globalThis.gc?.();
  const before = process.memoryUsage();
  let heap = 0;
  let rss = 0;
  const timer = setInterval(() => {
    const now = process.memoryUsage();
    heap = Math.max(heap, now.heapUsed - before.heapUsed);
    rss = Math.max(rss, now.rss - before.rss);
  }, 20);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(timer);
  return { result, seconds, cpu: (user + system) / 1e6, heapMb: heap / 1048576, rssMb: rss / 1048576 };
};

const verify = async () => {
  let checkpoint;
  let found = { records: 0, anchors: 0, calls: 0 };
  for (;;) {
    const answer = await verifyAuditOf(tenant, sources, checkpoint);
    if (answer.violation) throw new Error(JSON.stringify(answer.violation));
    found = { records: found.records + answer.records, anchors: found.anchors + answer.anchors.checked, calls: found.calls + 1 };
    if (answer.complete) return found;
    checkpoint = parseCheckpoint(answer.checkpoint);
  }
};

const reads = new PostgresAuditReads(database);
const exportAll = async (head) => {
  let bytes = 0;
  for (let after_seq = 0; after_seq !== undefined;) {
    const page = await reads.exported(tenant, {}, { after_seq, up_to_seq: head });
    bytes += JSON.stringify(page.records).length;
    after_seq = page.next_after_seq;
  }
  return bytes;
};

for (const records of lengths) {
  await fillTo(records);
  await database.query({ text: 'analyze' });
  await verify();
  const verified = await measured(verify);
  const exported = await measured(() => exportAll(records));
  console.log(JSON.stringify({
    records: verified.result.records, anchors: verified.result.anchors, calls: verified.result.calls, 'verify s': verified.seconds.toFixed(1), 'records/s': Math.round(records / verified.seconds), 'cpu µs/record': ((verified.cpu / records) * 1e6).toFixed(1),
    'heap +MB': verified.heapMb.toFixed(0), 'rss +MB': verified.rssMb.toFixed(0), 'export s': exported.seconds.toFixed(1), 'export MB': (exported.result / 1048576).toFixed(0), 'export heap +MB': exported.heapMb.toFixed(0),
  }));
}
await nc.close();
await database.close();
await Promise.all([nats.stop(), postgres.stop()]);
