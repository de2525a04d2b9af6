import { createHash } from 'node:crypto';
import { logSubject, type AggregateName, type AggregateRef, type Commit, type RecordedEvent, type ResourceAccess, type RunEvent } from '@cs/contracts';
import { decodeCommit, type LogEntry } from '@cs/eventing';
import { toPosition, type Json } from '@cs/kernel';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

interface NewEvent {
  readonly event_type: string;
  readonly data: unknown;
}

const hash = `sha256:${'0'.repeat(64)}`;
const person = { kind: 'human', actor_id: 'ada' } as const;

/** Writes log entries as a projector reads them, at successive positions. */
export class LogHistory {
  readonly entries: LogEntry[] = [];
  readonly #heads = new Map<string, { position: number; version: number }>();
  #at = 1_000_000;

  /** `from`: the position before its first commit. */
  constructor(private readonly workspace: { readonly org_id: string; readonly workspace_id: string; readonly deployment_id?: string } = { org_id: 'acme', workspace_id: 'ops' }, private readonly from = 0) {}

  get position(): number {
    return this.from + this.entries.length;
  }

  commit(aggregate: AggregateName, id: string, { status, events }: { status: string; events: readonly NewEvent[] }): LogEntry {
    const ref: AggregateRef = { org_id: this.workspace.org_id, workspace_id: this.workspace.workspace_id, aggregate, id };
    const key = `${aggregate}/${id}`;
    const head = this.#heads.get(key) ?? { position: 0, version: 0 };
    this.#at += 10;
    const recorded = events.map((event, index): RecordedEvent => ({
      event_id: `${aggregate}-${id}-${event.event_type}-${head.version + index}-0`, event_type: event.event_type, version: 1, recorded_at_ms: this.#at, actor: person, data: event.data as Json,
    }));
    const version = head.version + events.length;
    const commit: Commit = { commit_id: sha256(`${key}/${version}`).slice(0, 32), previous: head.position, version, events: recorded };
    const position = toPosition(this.position + 1);
    const body = JSON.stringify(commit);
    const entry: LogEntry = { position, subject: logSubject(ref, status), ref, status, body, stored: decodeCommit({ ref, status }, { position, body }) };
    this.#heads.set(key, { position, version });
    this.entries.push(entry);
    return entry;
  }

  unreadable(id: string, body: string, reason: string): LogEntry {
    const ref: AggregateRef = { org_id: this.workspace.org_id, workspace_id: this.workspace.workspace_id, aggregate: 'run', id };
    const entry: LogEntry = { position: toPosition(this.position + 1), subject: logSubject(ref, 'queued'), ref, status: 'queued', body, unreadable: reason };
    this.entries.push(entry);
    return entry;
  }

  automation(id: string, resource_access?: ResourceAccess): void {
    const definition_hash = `sha256:${sha256(id)}`;
    const definition = {
      automation_id: id, name: `Automation ${id}`, status: 'active', schedule: { type: 'manual', timezone: 'UTC' }, agents: [],
      flow: { nodes: [{ node_id: 'charge', objective: 'charge', depends_on: [], action: { kind: 'transform', expression: '1' } }, { node_id: 'sign', objective: 'sign', depends_on: ['charge'], gate: { required: true, decisions: [], rework_targets: [] } }] },
    };
    this.commit('definition', id, { status: 'stored', events: [{ event_type: 'definition_stored', data: { definition_hash, definition } }] });
    this.commit('automation', id, { status: 'active', events: [{ event_type: 'automation_created', data: { automation_id: id, tenant_context: this.#tenant(), name: `Automation ${id}`, status: 'active', definition_version: 'v1', definition_hash, changed_by: person, ...(resource_access === undefined ? {} : { resource_access }) } }] });
  }

  created(run: string, automation = 'refund', input: Json = {}): void {
    this.run(run, 'queued', {
      event_type: 'run_created',
      data: { run_id: run, automation_id: automation, tenant_context: this.#tenant(), trigger_type: 'manual', requested_by: person, input, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['charge', 'sign'] },
    });
  }

  startedNode(run: string): void {
    this.run(run, 'running',
      { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'c1', claimant_id: 'r1', claimed_at_ms: this.#at, lease_expires_at_ms: this.#at + 1000, lease_epoch: 1 } } },
      { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  }

  gateOpened(run: string, opening = `${run}-sign-1`): void {
    this.run(run, 'awaiting_approval',
      { event_type: 'node_completed', data: { node_id: 'charge', attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { secret_answer: 42 }, created_at_ms: this.#at } } },
      { event_type: 'approval_gate_opened', data: { gate: { node_id: 'sign', gate_opening_id: opening, approval_request_id: `automation_v2:${run}:sign`, wait_id: `automation_v2:${run}:sign:wait`, transition_id: `automation_v2:${run}:sign:decision`, title: 'Sign it', instructions: 'Look closely', decisions: ['approve', 'cancel'], rework_targets: [], requested_at_ms: this.#at, upstream_node_ids: ['charge'] }, blocked_nodes: [] } });
  }

  approved(run: string, opening = `${run}-sign-1`): void {
    this.run(run, 'queued', { event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: opening, decision: 'approve', decided_at_ms: this.#at, decided_by: person } });
  }

  completed(run: string): void {
    this.run(run, 'completed', { event_type: 'run_completed', data: {} });
  }

  /** A whole run: requested, executed, signed, done. */
  wholeRun(run: string): void {
    this.created(run);
    this.startedNode(run);
    this.gateOpened(run);
    this.approved(run);
    this.completed(run);
  }

  run(run: string, status: string, ...events: readonly RunEvent[]): void {
    this.commit('run', run, { status, events });
  }

  #tenant() {
    return { ...this.workspace, source: 'explicit' as const };
  }
}
