import { runAggregate } from '@cs/automation-application';
import type { RunState } from '@cs/automation-domain';
import { logSubject, type AggregateRef, type Commit, type GateDecision, type RunEvent } from '@cs/contracts';
import { appendEvents, readLogEntry, unwritten, type AppendResult, type EventStore, type Loaded, type LogEntry } from '@cs/eventing';
import { noPosition, toPosition, type Json, type Position } from '@cs/kernel';
import { sha256 } from '@cs/testing';
import { goldenEvent, type GoldenEvent } from './golden-steps.fixture.js';

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

const at130 = Array.from({ length: 130 }, (_none, item) => item);

/** A list of more items than stand in the record of a run: they end in turn, and it begins anew. */
const goThroughList = (state: RunState, at: number): readonly RunEvent[] => {
  const list = state?.checkpoint.fan_outs?.['a'];
  if (list === undefined || list.next_item >= at130.length) return [{ event_type: 'node_fan_out_started', data: { node_id: 'a', attempt: 1, items: at130.map((item) => `${at}-${item}`) } }];
  return at130.slice(list.next_item, list.next_item + 65).flatMap((item): readonly RunEvent[] => [
    { event_type: 'node_started', data: { node_id: 'a', item, attempt: 1 } }, { event_type: 'node_completed', data: { node_id: 'a', item, attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { item, at }, created_at_ms: at } } },
  ]);
};

/** What an event leads to, where it can follow; random ones may say what no run would record then. */
const follows = (state: RunState, event: RunEvent, at: number): readonly RunEvent[] => {
  try {
    runAggregate.readState(JSON.parse(JSON.stringify(runAggregate.writeState(runAggregate.evolve(state, { ...event, recorded_at_ms: at })))) as Json);
    return [event];
  } catch {
    return [];
  }
};

export interface Step {
  readonly run: number;
  readonly move: string;
  /** Of the golden events, for the moves `golden` and `other`. */
  readonly golden: number;
  readonly repeated: boolean;
}

/** Keeps commits in the order in which they come, each of an aggregate behind the one before. */
class Log {
  readonly entries: LogEntry[] = [];
  readonly #heads = new Map<string, { readonly position: Position; readonly version: number }>();

  readonly store: Pick<EventStore, 'append'> = { append: (ref, status, commit) => Promise.resolve(this.#append(ref, status, commit)) };

  /** A commit of any aggregate, of one event. */
  add(ref: AggregateRef, { event }: GoldenEvent, at: number): void {
    const { position, version } = this.head(ref);
    const recorded = { ...event, event_id: `${ref.aggregate}-${ref.id}-${event.event_type}-${at}`, recorded_at_ms: at };
    this.#append(ref, 'stored', { commit_id: sha256(`${ref.aggregate}/${ref.id}/${at}`).slice(0, 32), previous: position, version: version + 1, events: [recorded] });
  }

  head({ org_id, workspace_id, aggregate, id }: AggregateRef): { readonly position: Position; readonly version: number } {
    return this.#heads.get(`${org_id}/${workspace_id}/${aggregate}/${id}`) ?? { position: noPosition, version: 0 };
  }

  #append(ref: AggregateRef, status: string, commit: Commit): AppendResult {
    if (this.head(ref).position !== commit.previous) return { kind: 'conflict' };
    const position = toPosition(this.entries.length + 1);
    this.entries.push(readLogEntry({ position, subject: logSubject(ref, status), body: JSON.stringify(commit) }));
    this.#heads.set(`${ref.org_id}/${ref.workspace_id}/${ref.aggregate}/${ref.id}`, { position, version: commit.version });
    return { kind: 'appended', position, duplicate: false };
  }
}

type Tenant = (typeof tenants)[number];

/** What an event says of its tenant is what its subject says. */
const inTenant = (event: GoldenEvent['event'], tenant: Tenant): GoldenEvent['event'] => {
  const data = event.data as { readonly tenant_context?: unknown };
  return data.tenant_context === undefined ? event : { ...event, data: { ...(event.data as object), tenant_context: { ...tenant, source: 'explicit' } } as Json };
};

const nextOfRun = ({ move, golden }: Step, { id, state, at, tenant }: { readonly id: string; readonly state: RunState; readonly at: number; readonly tenant: Tenant }): readonly RunEvent[] => {
  if (state === undefined) return moves['create']?.(id, at, tenant) ?? [];
  if (move === 'approve' || move === 'rework') return decide(state, move, at);
  if (move === 'list') return goThroughList(state, at);
  if (move !== 'golden') return moves[move]?.(id, at, tenant) ?? [];
  const { aggregate, event } = goldenEvent(golden, id);
  // A run is created once.
  return aggregate !== 'run' || event.event_type === 'run_created' ? [] : follows(state, { event_type: event.event_type, data: inTenant(event, tenant).data } as RunEvent, at);
};

/** An event of another aggregate; imports say the place of what they bring, like those that are made of one another. */
const otherOf = ({ run, golden }: Step, log: Log, at: number): void => {
  const { aggregate, event } = goldenEvent(golden, `automation-v2-run-${run}`);
  if (aggregate === 'run') return;
  const tenant = tenants[run % tenants.length] ?? tenants[0];
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate, id: `${aggregate}-${run % 3}` };
  if (aggregate !== 'imported_run') return log.add(ref, { aggregate, event: inTenant(event, tenant) }, at);
  const first_seq = log.head(ref).version + 1;
  const data = event.data as { readonly entries: readonly object[] };
  const entries = data.entries.map((entry) => ({ ...entry, event_id: `e-${first_seq}`, index: first_seq }));
  log.add(ref, { aggregate, event: inTenant({ ...event, data: { ...data, run_id: ref.id, run: { ...(event.data as { readonly run: object }).run, run_id: ref.id }, first_seq, entries } as Json }, tenant) }, at);
};

/** A log as writers of many aggregates leave it: in any order among them, and commits that were sent twice are there once. */
export const logOf = async (steps: readonly Step[]): Promise<readonly LogEntry[]> => {
  const log = new Log();
  const runs = new Map<string, Loaded<RunState>>();
  for (const [index, step] of steps.entries()) {
    const at = 1000 + index;
    if (step.move === 'other') {
      otherOf(step, log, at);
      continue;
    }
    const id = `automation-v2-run-${step.run}`;
    const tenant = tenants[step.run % tenants.length] ?? tenants[0];
    const before = runs.get(id) ?? unwritten(runAggregate, { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id });
    const events = nextOfRun(step, { id, state: before.state, at, tenant });
    if (events.length === 0) continue;
    const send = () => appendEvents({ eventing: { store: log.store as EventStore, clock: () => at, digest: sha256 }, aggregate: runAggregate }, before, { events, context: { at_ms: at, actor: person, correlation_id: 'refund' } });
    const sent = await send();
    if (step.repeated) expect((await send()).kind).toBe('conflict');
    if (sent.kind === 'appended') runs.set(id, sent.loaded);
  }
  return log.entries;
};

/** The moves of a run, by their names; `golden` is any event of a run, `other` any event of another aggregate. */
export const moveNames: readonly string[] = [...Object.keys(moves).filter((move) => move !== 'create'), 'approve', 'rework', 'list', 'golden', 'golden', 'other', 'other', 'other'];
