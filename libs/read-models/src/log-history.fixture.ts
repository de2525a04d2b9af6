import { runAggregate } from '@cs/automation-application';
import { auditKeyRef, eventCatalogue, logSubject, type AggregateName, type AggregateRef, type Commit, type GateDecision, type GatePolicy, type RecordedEvent, type RunEvent, type TenantContext } from '@cs/contracts';
import { decodeCommit, foldCommit, unwritten, type AuditKeys, type Loaded, type LogEntry } from '@cs/eventing';
import type { RunState } from '@cs/automation-domain';
import { toPosition, type Json } from '@cs/kernel';
import { sha256 } from '@cs/testing';
import { ProjectionMemory } from './projection-memory.js';
import { projectBatch } from './project-batch.js';
import type { RowChanges } from './row-changes.js';

interface NewEvent {
  readonly event_type: string;
  readonly data: unknown;
}

export const person = { kind: 'human', actor_id: 'ada' } as const;
const hash = `sha256:${'0'.repeat(64)}`;

/** Writes log entries as a projector reads them, at successive positions, ten milliseconds apart. */
export class LogHistory {
  readonly entries: LogEntry[] = [];
  readonly #heads = new Map<string, { readonly position: number; readonly version: number }>();
  readonly #runs = new Map<string, Loaded<RunState>>();
  at_ms = 1_000_000;

  constructor(readonly tenant: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' }) {}

  commit(aggregate: AggregateName, id: string, { status, events }: { readonly status: string; readonly events: readonly NewEvent[] }): LogEntry {
    const ref: AggregateRef = { org_id: this.tenant.org_id, workspace_id: this.tenant.workspace_id, aggregate, id };
    const key = `${aggregate}/${id}`;
    const head = this.#heads.get(key) ?? { position: 0, version: 0 };
    this.at_ms += 10;
    const recorded = events.map((event, index): RecordedEvent => ({
      event_id: `${aggregate}-${id}-${event.event_type}-${head.version + index}-0`, event_type: event.event_type, version: 1, recorded_at_ms: this.at_ms, actor: person,
      correlation_id: 'refund', data: event.data as Json,
    }));
    const version = head.version + events.length;
    const commit: Commit = { commit_id: sha256(`${key}/${version}`).slice(0, 32), previous: head.position, version, events: recorded };
    const position = toPosition(this.entries.length + 1);
    const body = JSON.stringify(commit);
    const entry: LogEntry = { position, subject: logSubject(ref, status), ref, status, body, stored: decodeCommit({ ref, status }, { position, body }) };
    this.#heads.set(key, { position, version });
    this.entries.push(entry);
    return entry;
  }

  /** A commit of a run, with the status that folding it leads to. */
  run(id: string, ...events: readonly RunEvent[]): LogEntry {
    const ref: AggregateRef = { org_id: this.tenant.org_id, workspace_id: this.tenant.workspace_id, aggregate: 'run', id };
    const before = this.#runs.get(id) ?? unwritten(runAggregate, ref);
    const next = events.reduce((state, event) => runAggregate.evolve(state, { ...event, recorded_at_ms: this.at_ms + 10 }), before.state);
    const entry = this.commit('run', id, { status: runAggregate.status(next), events });
    if (entry.stored) this.#runs.set(id, foldCommit(runAggregate, before, entry.stored));
    return entry;
  }

  unreadable(id: string): LogEntry {
    const ref: AggregateRef = { org_id: this.tenant.org_id, workspace_id: this.tenant.workspace_id, aggregate: 'run', id };
    const entry: LogEntry = { position: toPosition(this.entries.length + 1), subject: logSubject(ref, 'queued'), ref, status: 'queued', body: '{', unreadable: 'not JSON' };
    this.entries.push(entry);
    return entry;
  }

  created(id: string, input: Json = {}): LogEntry {
    return this.run(id, {
      event_type: 'run_created',
      data: {
        run_id: id, automation_id: 'refund', tenant_context: this.tenant, trigger_type: 'manual', requested_by: person, input, workflow_definition_version: 'v1',
        workflow_definition_snapshot_hash: hash, effective_execution_profile: 'strict', node_ids: ['charge', 'sign'],
      },
    });
  }

  claimed(id: string, ...events: readonly RunEvent[]): LogEntry {
    return this.run(id, { event_type: 'run_execution_claimed', data: { claim: { claim_id: 'claim', claimant_id: 'runner', claimed_at_ms: this.at_ms, lease_expires_at_ms: this.at_ms + 1000, lease_epoch: 1 } } }, ...events);
  }

  backedOff(id: string, waitId: string): LogEntry {
    const retry_after_ms = this.at_ms + 5000;
    return this.run(id,
      {
        event_type: 'node_retry_backoff_scheduled',
        data: {
          node_id: 'charge', attempt: 1, next_attempt: 2, max_attempts: 3, backoff_ms: 5000, retry_after_ms, reason: 'timed out', failure: { kind: 'timeout', message: 'timed out' }, retry_decision: 'retry',
          wait: { wait_id: waitId, node_id: 'charge', wait_kind: 'retry_backoff', wake_at_ms: retry_after_ms, created_at_ms: this.at_ms },
        },
      },
      { event_type: 'run_parked', data: { wait_ids: [waitId], retry_after_ms } });
  }

  woken(id: string, waitId: string): LogEntry {
    return this.run(id, { event_type: 'stateful_wait_woken_requeued', data: { wait_id: waitId, node_id: 'charge', wait_kind: 'retry_backoff', wake_idempotency_key: `timer:${waitId}` } });
  }

  gateOpened(id: string, opening: string, { output = { answer: 42 }, policy }: { readonly output?: Json; readonly policy?: GatePolicy } = {}): LogEntry {
    return this.run(id,
      { event_type: 'node_completed', data: { node_id: 'charge', attempt: 1, output: { status: 'completed', contract_kind: 'http', content: output, created_at_ms: this.at_ms } } },
      {
        event_type: 'approval_gate_opened',
        data: {
          gate: {
            node_id: 'sign', gate_opening_id: opening, approval_request_id: `automation_v2:${id}:sign`, wait_id: `automation_v2:${id}:sign:wait`, transition_id: `automation_v2:${id}:sign:decision`,
            title: 'Refund 42 EUR?', instructions: 'Look closely', decisions: ['approve', 'rework', 'cancel'], rework_targets: [], requested_at_ms: this.at_ms, upstream_node_ids: ['charge'], ...(policy === undefined ? {} : { policy }),
          },
          blocked_nodes: [],
        },
      });
  }

  decided(id: string, opening: string, decision: GateDecision): LogEntry {
    const decided: RunEvent = { event_type: 'approval_gate_decided', data: { node_id: 'sign', gate_opening_id: opening, decision, reason: 'as agreed', decided_at_ms: this.at_ms, decided_by: person } };
    return decision === 'cancel' ? this.run(id, decided, { event_type: 'run_cancelled', data: { reason: 'as agreed', stop_kind: 'cancelled' } }) : this.run(id, decided);
  }

  completed(id: string): LogEntry {
    return this.run(id, { event_type: 'run_completed', data: {} });
  }

  /** The commit by which a key begins to sign. It belongs to no tenant. */
  keyActivated(key_id: string, key_check: string): LogEntry {
    const ref: AggregateRef = { ...auditKeyRef };
    const event = { event_id: `audit_key-main-${key_id}`, event_type: 'audit_key_activated', version: 1, recorded_at_ms: this.at_ms, data: { key_id, algorithm: 'hmac-sha256', key_check, previous_key_id: null } };
    const position = toPosition(this.entries.length + 1);
    const body = JSON.stringify({ commit_id: sha256(key_id), previous: 0, version: 1, events: [event] } satisfies Commit);
    const entry: LogEntry = { position, subject: logSubject(ref, 'active'), ref, status: 'active', body, stored: decodeCommit({ ref, status: 'active' }, { position, body }) };
    this.entries.push(entry);
    return entry;
  }

  stored(aggregate: 'automation' | 'definition' | 'delivery' | 'gate_refusal' | 'dead_letter', id: string, ...events: readonly NewEvent[]): LogEntry {
    for (const { event_type } of events) if (!(event_type in eventCatalogue[aggregate])) throw new Error(`${aggregate} has no event ${event_type}`);
    return this.commit(aggregate, id, { status: 'stored', events });
  }
}

export const newMemory = (): ProjectionMemory => new ProjectionMemory({ maxRuns: 1000, maxBytes: 100_000_000 });

/** Projects entries as one batch; nothing was projected before. */
export const project = (entries: readonly LogEntry[], memory: ProjectionMemory = newMemory(), auditKeys?: AuditKeys): RowChanges => projectBatch(entries, { memory, digest: sha256, auditKeys, now: 7 });
