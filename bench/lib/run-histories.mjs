// Fills the projections with runs of about fifty events each: some through the real fold, the others as copies of these under ids of their own.
import { runAggregate } from '@cs/automation-application';
import { logSubject } from '@cs/contracts';
import { appendEvents, readLogEntry, unwritten } from '@cs/eventing';
import { PostgresProjectionStore } from '@cs/postgres';
import { ProjectionMemory, projectBatch } from '@cs/read-models';
import { createHash } from 'node:crypto';

const digest = (text) => createHash('sha256').update(text).digest('hex');
const tenant = { org_id: 'local', workspace_id: 'local', source: 'local_implicit' };
const person = { kind: 'human', actor_id: 'ada', source: 'bench' };
const beganAt = 1_700_000_000_000;
const steps = 13;
/** How the runs that are copied end; of twenty, three wait for somebody to sign. */
const endings = ['gate', 'completed', 'completed', 'failed', 'completed', 'gate', 'completed', 'completed', 'timer', 'completed', 'completed', 'gate', 'completed', 'completed', 'cancelled', 'completed', 'completed', 'completed', 'completed', 'completed'];
const triggers = ['manual', 'manual', 'schedule', 'webhook', 'manual'];
/** Runs that are copied together, so that their events stand among each other as those of runs that execute at a time. */
const together = 64;

const runIdOf = (index) => `automation-v2-run-${digest(`bench ${index}`).slice(0, 32)}`;
const automationOf = (index) => `bench-${index % endings.length}`;
const definitionOf = (index) => ({
  automation_id: automationOf(index), name: `Bench ${index}`, status: 'active', schedule: { type: 'manual', timezone: 'UTC' }, agents: [],
  flow: { nodes: Array.from({ length: steps }, (_none, step) => ({ node_id: `step_${step}`, objective: `step ${step}`, depends_on: [], action: { kind: 'transform', expression: '1' }, ...(step === 3 ? { risk_tier: 'external_send', data_classes: index % 4 === 0 ? ['customer_data'] : [] } : {}) })) },
  metadata: { enterprise_scope: { owning_org_unit_id: `unit-${index % 5}`, policy_version_id: `p${index % 3}` } },
});
const hashOf = (index) => `sha256:${digest(automationOf(index))}`;

const judged = (run, step) => ({
  decision_id: `policy_decision:${run}:${step}`, node_id: `step_${step}`, attempt: 1, effect_id: `${run}:step_${step}:0`, decision: 'allow', reason_code: 'allowed', reason: 'A policy allows it',
  judgement: { outcome: 'allow', reason_code: 'allowed', reason: 'A policy allows it', elevated: false, policy_version: '3:bench', policy_ids: ['small-refunds'] }, arguments_digest: `sha256:${digest(run + step)}`,
  judged: { automation_id: 'bench', node_id: `step_${step}`, action_kind: 'http', tool: 'payments', risk_tier: 'external_send', data_classes: ['customer_data'], requested_by: person, trigger_type: 'manual', method: 'POST', host: 'payments.example', numbers: { 'body.amount': step * 40 }, texts: { 'body.currency': 'EUR' }, is_partial: false, has_secret_content: false },
});
const claim = (run, epoch) => ({ event_type: 'run_execution_claimed', data: { claim: { claim_id: `${run}-${epoch}`, claimant_id: 'runner-1', claimed_at_ms: beganAt, lease_expires_at_ms: beganAt + 15_000, lease_epoch: epoch } } });
const output = (index, step) => ({ status: 'completed', contract_kind: 'http', content: { status: 200, body: { order_id: `order-${index}`, amount: step * 7, lines: [1, 2].map((line) => ({ line, article: `article-${step}-${line}`, price: line * 7 })) } }, created_at_ms: beganAt });
const gateOf = (run) => ({
  node_id: 'sign', gate_opening_id: `${run}-sign-1`, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: `automation_v2:${run}:sign:decision`, title: 'Refund an order?',
  instructions: 'Look at the order and at what the customer wrote.', decisions: ['approve', 'rework', 'cancel'], rework_targets: ['step_1'], requested_at_ms: beganAt, upstream_node_ids: ['step_1'],
});

const lastCommits = (run, ending) => {
  if (ending === 'gate') return [[{ event_type: 'approval_gate_opened', data: { gate: gateOf(run), blocked_nodes: [] } }]];
  if (ending === 'timer') {
    const wait = { wait_id: `automation-v2:${run}:pause:wait`, node_id: 'pause', wait_kind: 'timer', wake_at_ms: beganAt + 1e9, created_at_ms: beganAt };
    return [[{ event_type: 'wait_node_registered', data: { wait } }, { event_type: 'run_parked', data: { wait_ids: [wait.wait_id] } }]];
  }
  const decided = (decision) => ({ event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: `${run}-sign-1`, decision, decided_at_ms: beganAt, decided_by: person } });
  const opened = { event_type: 'approval_gate_opened', data: { gate: gateOf(run), blocked_nodes: [] } };
  if (ending === 'cancelled') return [[opened], [decided('cancel'), { event_type: 'run_cancelled', data: { reason: 'not this one', stop_kind: 'cancelled' } }]];
  return [[opened], [decided('approve')], [claim(run, 2), ending === 'failed' ? { event_type: 'run_failed', data: { detail: 'the peer is away', node_id: 'step_1' } } : { event_type: 'run_completed', data: {} }]];
};

const historyOf = (run, index) => [
  [{
    event_type: 'run_created',
    data: {
      run_id: run, automation_id: automationOf(index), tenant_context: tenant, trigger_type: triggers[index % triggers.length], requested_by: person, input: { order_id: `order-${index}`, reason: 'arrived broken' }, workflow_definition_version: 'v1',
      workflow_definition_snapshot_hash: hashOf(index), effective_execution_profile: 'strict', node_ids: [...Array.from({ length: steps }, (_none, step) => `step_${step}`), 'sign'],
    },
  }],
  [claim(run, 1)],
  ...Array.from({ length: steps }, (_none, step) => [
    [...(step % 3 === 0 ? [{ event_type: 'policy_effect_allowed', data: judged(run, step) }] : []), { event_type: 'node_started', data: { node_id: `step_${step}`, attempt: 1, effect: { effect_id: `${run}:step_${step}:0`, idempotency_key: digest(`${run}${step}`), mode: 'keyed' } } }],
    [{ event_type: 'node_completed', data: { node_id: `step_${step}`, attempt: 1, output: output(index, step) } }],
  ]).flat(),
  // What makes it fifty: usage that is reported on the way.
  ...Array.from({ length: 14 }, (_none, report) => [{ event_type: 'run_usage_recorded', data: { usage_id: `${run}-${report}`, total_tokens: 100, estimated_cost_usd: 0.01 } }]),
  ...lastCommits(run, endings[index % endings.length]),
];

const entriesOf = async (append) => {
  const entries = [];
  const write = (ref, status, commit) => entries.push(readLogEntry({ position: entries.length + 1, subject: logSubject(ref, status), body: JSON.stringify(commit) }));
  const store = { append: (ref, status, commit) => {
    write(ref, status, commit);
    return Promise.resolve({ kind: 'appended', position: entries.length, duplicate: false });
  } };
  const plain = (aggregate, id, status, event_type, data) => write({ ...tenant, aggregate, id }, status, {
    commit_id: digest(`${aggregate}/${id}`).slice(0, 32), previous: 0, version: 1, events: [{ event_id: `${aggregate}-${id}`, event_type, version: 1, recorded_at_ms: beganAt, actor: person, correlation_id: id, data }],
  });
  await append({ store, plain });
  return entries;
};

/** Runs that are copied, and their automations, through the fold of the projector. */
const writeTemplates = async (database) => {
  const eventing = (store) => ({ store, clock: () => beganAt, digest });
  const entries = await entriesOf(async ({ store, plain }) => {
    for (let index = 0; index < endings.length; index += 1) {
      plain('definition', hashOf(index), 'stored', 'definition_stored', { definition_hash: hashOf(index), definition: definitionOf(index) });
      plain('automation', automationOf(index), 'active', 'automation_created', { automation_id: automationOf(index), tenant_context: tenant, name: `Bench ${index}`, status: 'active', definition_version: 'v1', definition_hash: hashOf(index), changed_by: person });
      const run = runIdOf(index);
      let loaded = unwritten(runAggregate, { ...tenant, aggregate: 'run', id: run });
      for (const [number, events] of historyOf(run, index).entries()) {
        ({ loaded } = await appendEvents({ eventing: eventing(store), aggregate: runAggregate }, loaded, { events, context: { at_ms: beganAt + number * 1000 + index, actor: person, correlation_id: automationOf(index) } }));
      }
    }
  });
  const store = new PostgresProjectionStore(database);
  await store.progress();
  await store.write(projectBatch(entries, { memory: new ProjectionMemory({ maxRuns: 1000, maxBytes: 256e6 }), digest, now: 1 }), { after: 0, published: 0 });
};

/** How rows of a run are found in tables that do not name it in a column. */
const ofRun = { audit_records: `payload like '%"runID":"' || $1 || '"%'`, archive: `subject like '%.run.' || $1 || '.%'` };

/** Tables that hold something of runs. */
const copiedTables = async (database) =>
  (await database.query({ text: `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns, array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum) as types
      from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relnamespace = 'countersign'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      group by c.relname` })).filter(({ name, columns }) => columns.includes('run_id') || name in ofRun);

const hashed = new Set(['outbox_id', 'effect_id', 'dead_letter_id', 'target_effect_id', 'receipt_effect_id']);

/** Another id of the same length for each run; times and positions that go on; numbers of the audit that are nobody else's. */
const copiedColumn = ({ name, type, template, last }) => {
  // Lists of two kinds of runs are merged by the time that the record itself says.
  if (name === 'record' && last.table === 'runs') return `replace(replace(t.record, '${template}', copies.run_id), '"created_at_ms":' || t.created_at_ms, '"created_at_ms":' || t.created_at_ms + copies.number * 1000)`;
  // A commit names the position of the one before it; the first of a run names none.
  if (name === 'body') return `regexp_replace(replace(t.body, '${template}', copies.run_id), '"previous":[1-9][0-9]*', '"previous":' || coalesce(substring(t.body from '"previous":([0-9]+)')::bigint, 0) + copies.number * ${last.position})`;
  // Ids of the ledger are hashes, and do not hold the run's.
  if (hashed.has(name)) return `left(t.${name}, -16) || left(md5(t.${name} || copies.run_id), 16)`;
  if (type === 'text') return `replace(t.${name}, '${template}', copies.run_id)`;
  if (name === 'seq' && last.table === 'audit_records') return `t.seq + copies.number * ${last.seq}`;
  if (name === 'position') return `t.position + copies.number * ${last.position}`;
  return name.endsWith('_ms') ? `t.${name} + copies.number * 1000` : `t.${name}`;
};

const copyTable = async (database, { name, columns, types }, { template, copies, last }) => {
  const selected = columns.map((column, index) => copiedColumn({ name: column, type: types[index], template, last: { ...last, table: name } }));
  const order = columns.includes('seq') ? 't.seq' : '1';
  await database.query({
    text: `insert into countersign.${name} (${columns.join(', ')}) select ${selected.join(', ')}
      from (select * from countersign.${name} where ${columns.includes('run_id') ? 'run_id = $1' : ofRun[name]}) as t
      cross join (select number, 'automation-v2-run-' || md5($1 || number) as run_id from generate_series(1, $2) as number) as copies order by copies.number / ${together}, ${order}`,
    values: [template, copies],
  });
};

/** Empties the projections and fills them with so many runs of fifty events; answers their ids and how many events there are. */
export const fillRuns = async (database, runs) => {
  const all = await database.query({ text: `select relname as name from pg_class where relnamespace = 'countersign'::regnamespace and relkind = 'r' and relname not in ('migrations', 'projection_position')` });
  await database.query({ text: `truncate ${all.map(({ name }) => `countersign.${name}`).join(', ')}` });
  await database.query({ text: `update countersign.projection_position set projected = 0, published = 0` });
  await writeTemplates(database);
  const tables = await copiedTables(database);
  const [last] = await database.query({ text: 'select (select coalesce(max(seq), 0)::int from countersign.audit_records) as seq, (select max(position)::int from countersign.archive) as position' });
  const copies = Math.round(runs / endings.length) - 1;
  for (let index = 0; index < endings.length; index += 1) for (const table of tables) await copyTable(database, table, { template: runIdOf(index), copies, last });
  // The log of this system is empty, and it says so.
  await database.query({ text: `update countersign.projection_position set projected = 0, published = 0` });
  await database.query({ text: 'vacuum (analyze)' });
  await database.query({ text: 'checkpoint' });
  const ids = (await database.query({ text: 'select run_id from countersign.runs order by md5(run_id)' })).map(({ run_id }) => run_id);
  const [{ events }] = await database.query({ text: 'select count(*)::int as events from countersign.run_events' });
  return { ids, events };
};
