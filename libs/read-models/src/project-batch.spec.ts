import { describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import type { LogEntry } from '@cs/eventing';
import fc from 'fast-check';
import { LogHistory, newMemory, person, project } from './log-history.fixture.js';
import { mergeAutomations } from './automation.projection.js';
import { mergeDeliveries } from './delivery.projection.js';
import type { RowChanges } from './row-changes.js';

const hash = `sha256:${'1'.repeat(64)}`;

const automation = (log: LogHistory, type: 'automation_created' | 'automation_updated', name: string): LogEntry =>
  log.stored('automation', 'refund', { event_type: type, data: { automation_id: 'refund', tenant_context: log.tenant, name, status: 'active', definition_version: 'v1', definition_hash: hash, changed_by: person } });

/** A bit of everything. */
const busyLog = (): LogHistory => {
  const log = new LogHistory({ org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu', source: 'explicit' });
  automation(log, 'automation_created', 'Refund');
  log.created('r1');
  log.created('r2');
  log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  log.backedOff('r1', 'w1');
  log.unreadable('r3');
  log.woken('r1', 'w1');
  log.claimed('r1');
  log.gateOpened('r1', 'o1');
  log.stored('gate_refusal', 'r1', { event_type: 'gate_decision_refused', data: { run_id: 'r1', code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', detail: 'not a person', decision: 'approve', actor: { kind: 'agent', actor_id: 'bot' } } });
  log.stored('delivery', 'd1', { event_type: 'delivery_requested', data: { delivery_id: 'd1', channel: 'slack', notice: 'gate_opened', run_id: 'r1', automation_id: 'refund', node_id: 'sign', approval_request_id: 'a', gate_opening_id: 'o1', card: {} } });
  automation(log, 'automation_updated', 'Refund!');
  log.stored('delivery', 'd1', { event_type: 'delivery_attempt_failed', data: { attempt: 1, reason: 'busy', failed_at_ms: 5 } });
  log.decided('r1', 'o1', 'rework');
  log.claimed('r1');
  log.gateOpened('r1', 'o2');
  log.stored('delivery', 'd1', { event_type: 'delivery_sent', data: { attempt: 2, sent_at_ms: 6 } });
  log.decided('r1', 'o2', 'approve');
  log.completed('r1');
  log.backedOff('r2', 'w2');
  log.run('r2', { event_type: 'run_failed', data: { detail: 'no' } });
  return log;
};

/** What the tables hold after several batches. */
const apply = (batches: readonly RowChanges[]): unknown => {
  const upsert = <Row>(rows: readonly Row[], key: (row: Row) => string, merge: (before: Row, after: Row) => Row = (_before, after) => after): Row[] => {
    const table = new Map<string, Row>();
    for (const row of rows) {
      const before = table.get(key(row));
      table.set(key(row), before === undefined ? row : merge(before, row));
    }
    return [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  };
  const all = <Kind extends keyof Omit<RowChanges, 'position'>>(kind: Kind): RowChanges[Kind][number][] => batches.flatMap((batch) => [...batch[kind]]);
  return {
    archive: all('archive'), run_events: all('run_events'), audit_records: all('audit_records'), dead_letters: all('dead_letters'),
    runs: upsert(all('runs'), ({ run_id }) => run_id), waits: upsert(all('waits'), ({ run_id, wait_id }) => `${run_id}/${wait_id}`), gates: upsert(all('gates'), ({ gate_opening_id }) => gate_opening_id),
    automations: upsert(all('automations'), ({ automation_id }) => automation_id, mergeAutomations), deliveries: upsert(all('deliveries'), ({ delivery_id }) => delivery_id, mergeDeliveries),
    audit_heads: upsert(all('audit_heads'), ({ deployment_id }) => deployment_id),
  };
};

describe('projecting batches', () => {
  it('gives the same rows however the commits are split into batches', () => {
    const { entries } = busyLog();
    const whole = apply([project(entries)]);
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: entries.length - 1 })), (cuts) => {
        const memory = newMemory();
        const bounds = [0, ...cuts.sort((a, b) => a - b), entries.length];
        const batches = bounds.slice(1).map((end, index) => project(entries.slice(bounds[index], end), memory));
        expect(apply(batches)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('changes each row of a batch at most once', () => {
    const changes = project(busyLog().entries);
    expect(changes.runs.map(({ run_id }) => run_id)).toEqual(['r1', 'r2']);
    expect(changes.deliveries).toHaveLength(1);
    expect(changes.automations).toEqual([expect.objectContaining({ name: 'Refund!', created_at_ms: 1_000_010, updated_at_ms: 1_000_110 })]);
  });

  it('a torn last record does not lose complete ones: a commit that cannot be read is archived whole, with a dead letter', () => {
    const log = new LogHistory();
    log.created('r1');
    log.unreadable('r2');
    const changes = project(log.entries);
    expect(changes.archive.map(({ body, problem }) => [body.length > 1, problem])).toEqual([[true, null], [false, 'not JSON']]);
    expect(changes.dead_letters).toEqual([expect.objectContaining({ dead_letter_id: 'projector-2', reason: 'not JSON', status: 'open', opened_at_ms: 7 })]);
    expect(changes.runs).toHaveLength(1);
  });

  it('takes up a run again from the state that a commit carries when one before it is missing', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1');
    const { stored, ...last } = log.gateOpened('r1', 'o1');
    const known = project(log.entries).runs[0]?.record;
    if (!stored || !known) throw new Error('nothing was folded');
    const carrying: LogEntry = { ...last, stored: { ...stored, commit: { ...stored.commit, state: { version: runAggregate.stateVersion, value: JSON.parse(JSON.stringify(known)) } } } };
    expect(project([carrying]).runs).toEqual([expect.objectContaining({ run_id: 'r1', stateful_status: 'awaiting_approval', version: 4, record: known })]);
  });

  it('writes the timeline of a run whose beginning it never saw', () => {
    const log = new LogHistory();
    log.created('r1');
    const claimed = log.claimed('r1');
    const changes = project([claimed]);
    expect(changes.runs).toEqual([]);
    expect(changes.run_events).toEqual([expect.objectContaining({ run_id: 'r1', seq: 2, status: 'running' })]);
  });

  it('finds the deployment of a refused decision by its run', () => {
    const changes = project(busyLog().entries);
    expect(new Set(changes.audit_records.map(({ deployment_id }) => deployment_id))).toEqual(new Set(['eu']));
  });

  it('names what must be read before a batch, and nothing twice', () => {
    const { entries } = busyLog();
    const memory = newMemory();
    expect(memory.missing(entries)).toEqual({ runs: [{ org_id: 'acme', workspace_id: 'ops', run_id: 'r3' }], workspaces: [expect.objectContaining({ org_id: 'acme', workspace_id: 'ops' })] });
    expect(newMemory().missing(entries.slice(3, 5)).runs).toEqual([{ org_id: 'acme', workspace_id: 'ops', run_id: 'r1' }]);
  });
});
