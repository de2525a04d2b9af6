import { describe, expect, it } from '@jest/globals';
import { runAggregate } from '@cs/automation-application';
import type { LogEntry } from '@cs/eventing';
import { sha256 } from '@cs/testing';
import { LogHistory, project } from './log-history.fixture.js';
import { leadTo, runsAfterEvents, toSnapshot } from './run-snapshots.js';
import { runAsOf } from './replay-run.js';
import { SnapshotWriter } from './snapshot-writer.js';

const aRun = (): LogHistory => {
  const log = new LogHistory({ org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu', source: 'explicit' });
  log.created('r1');
  log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  log.gateOpened('r1', 'o1', { output: { card_number: '4111' } });
  log.decided('r1', 'o1', 'approve');
  log.claimed('r1');
  log.completed('r1');
  return log;
};

/** The entry with the state that folding up to it leads to. */
const carrying = (entries: readonly LogEntry[], index: number): readonly LogEntry[] => entries.map((entry, at) => {
  if (at !== index || !entry.stored) return entry;
  const value = JSON.parse(JSON.stringify(runAsOf(entries, entry.stored.commit.version)));
  return { ...entry, stored: { ...entry.stored, commit: { ...entry.stored.commit, state: { version: runAggregate.stateVersion, value } } } };
});

const snapshotsOf = (log: LogHistory) => {
  const { run_events } = project(log.entries);
  const runs = runsAfterEvents(log.entries, 1);
  return run_events.map((event) => {
    const run = runs.get(event.seq);
    if (run === undefined) throw new Error(`no run at ${event.seq}`);
    return toSnapshot({
      tenant: { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu' }, run, event, digest: sha256,
      transitions: run_events.filter(({ seq }) => seq <= event.seq).flatMap(({ phase_transition }) => (phase_transition === null ? [] : [phase_transition])),
    });
  });
};

describe('snapshots of a run', () => {
  it('New lifecycle records yield one event and one snapshot each, under one id', () => {
    const log = aRun();
    const { run_events } = project(log.entries);
    expect(snapshotsOf(log).map(({ snapshot_id, seq, created_at_ms }) => [snapshot_id, seq, created_at_ms])).toEqual(run_events.map(({ event_id, seq, occurred_at_ms }) => [event_id, seq, occurred_at_ms]));
  });

  it('carry the status of their own event, not the one the run has now (W10)', () => {
    expect(snapshotsOf(aRun()).map(({ status, phase }) => `${status} ${phase}`)).toEqual([
      'queued queued', 'running running_phase', 'running running_phase', 'running running_phase', 'awaiting_approval awaiting_approval', 'queued queued', 'running running_phase', 'completed completed',
    ]);
  });

  it('hold the redacted summary of the checkpoint: neither outputs of steps nor instructions of a gate', () => {
    const [, , , , gate] = snapshotsOf(aRun());
    expect(gate?.checkpoint).toMatchObject({
      redaction_tier: 'summary', completed_nodes: ['charge'], pending_nodes: ['sign'], node_output_ids: ['charge'], omitted: {}, lifecycle_event_count: 5, gate_history_count: 0, execution_claim: null, last_failure: null,
      awaiting_gate: { node_id: 'sign', title: 'Refund 42 EUR?', decisions: ['approve', 'rework', 'cancel'], rework_targets: [], upstream_node_ids: ['charge'], expiry_policy: null },
    });
    expect(JSON.stringify(gate)).not.toMatch(/4111|Look closely/);
    expect(gate).toMatchObject({
      scope: { tenant_context: { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu' } }, source_record_kind: 'automation_v2', workflow_definition_version: 'v1', phase_id: 'sign',
      metadata: { source: 'automation_v2_lifecycle', event: 'approval_gate_opened', lifecycle_index: 4, redaction_tier: 'summary', activity_boundary: true },
    });
  });

  it('have the same digest for the same checkpoint, and another one for another', () => {
    const digests = snapshotsOf(aRun()).map(({ payload_digest }) => payload_digest);
    expect(digests).toEqual(snapshotsOf(aRun()).map(({ payload_digest }) => payload_digest));
    expect(new Set(digests).size).toBe(digests.length);
    expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('Phase history accumulates from the previous snapshot', () => {
    const histories = snapshotsOf(aRun()).map(({ phase_history }) => phase_history);
    for (const [index, history] of histories.entries()) expect(history.slice(0, (histories[index - 1] ?? []).length)).toEqual(histories[index - 1] ?? []);
    expect(histories.at(-1)?.map(({ to_phase }) => to_phase)).toEqual(['queued', 'running_phase', 'awaiting_approval', 'queued', 'running_phase', 'completed']);
  });

  it('cut what grows with the run, and count what they leave out', () => {
    const log = new LogHistory();
    log.run('r1', {
      event_type: 'run_created',
      data: {
        run_id: 'r1', automation_id: 'refund', tenant_context: log.tenant, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' }, input: {}, workflow_definition_version: 'v1',
        workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids: Array.from({ length: 250 }, (_none, index) => `n${index}`),
      },
    });
    const [snapshot] = snapshotsOf(log);
    expect(snapshot?.checkpoint['pending_nodes']).toHaveLength(200);
    expect(snapshot?.checkpoint['omitted']).toEqual({ pending_nodes: 50 });
  });
});

describe('snapshots that are written together', () => {
  /** Attempts in progress and ended, outputs, a gate that is asked for twice, and a failure. */
  const manySteps = (): LogHistory => {
    const log = new LogHistory();
    const node_ids = Array.from({ length: 230 }, (_none, index) => `n${index}`);
    log.run('r1', {
      event_type: 'run_created',
      data: {
        run_id: 'r1', automation_id: 'refund', tenant_context: log.tenant, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'ada' }, input: {}, workflow_definition_version: 'v1',
        workflow_definition_snapshot_hash: `sha256:${'0'.repeat(64)}`, effective_execution_profile: 'strict', node_ids,
      },
    });
    for (const node_id of node_ids) {
      log.claimed('r1', { event_type: 'node_started', data: { node_id, attempt: 1 } });
      if (node_id !== 'n7') log.run('r1', { event_type: 'node_completed', data: { node_id, attempt: 1, output: { status: 'completed', contract_kind: 'http', content: { of: node_id }, created_at_ms: 1 } } });
    }
    return log;
  };

  it.each([['with a gate', aRun()], ['of many steps', manySteps()]])('are those that are made one by one, %s', (_what, log) => {
    const { run_events } = project(log.entries);
    const tenant = { org_id: 'acme', workspace_id: 'ops', deployment_id: 'eu' };
    const runs = runsAfterEvents(log.entries, 1);
    const writer = new SnapshotWriter({ tenant, digest: sha256, transitions: run_events.flatMap(({ seq, phase_transition }) => (phase_transition === null ? [] : [{ ...phase_transition, seq }])) });
    const single = snapshotsOf(log);
    expect(single.length).toBeGreaterThan(7);
    for (const [index, event] of run_events.entries()) {
      const run = runs.get(event.seq);
      if (run === undefined) throw new Error(`no run at ${event.seq}`);
      const { json, ...named } = writer.write(event, run);
      expect(JSON.parse(json.text)).toEqual(single[index]);
      expect(single[index]).toMatchObject(named);
    }
  });
});

describe('the runs that snapshots show', () => {
  it('are those that folding from zero leads to, whichever commit carries the state that the fold begins with', () => {
    const { entries } = aRun();
    const last = 8;
    for (let index = 0; index < entries.length; index += 1) {
      const path = carrying(entries, index).slice(index);
      const from = (entries[index]?.stored?.commit.version ?? 0) + 1;
      const runs = runsAfterEvents(path, from);
      for (let seq = from; seq <= last; seq += 1) expect(runs.get(seq)).toEqual(runAsOf(entries, seq));
    }
  });

  it('are known only from commits that lead to them', () => {
    const { entries } = aRun();
    expect(leadTo(entries, 1)).toBe(true);
    expect(leadTo(entries.slice(1), 4)).toBe(false);
    expect(leadTo(carrying(entries, 1).slice(1), 4)).toBe(true);
    expect(leadTo(carrying(entries, 1).slice(1), 3)).toBe(false);
    expect(runsAfterEvents([], 1).size).toBe(0);
  });

  it('are taken up again behind a commit that cannot be read, from the next one that carries the state', () => {
    const { entries } = aRun();
    const broken = carrying(entries, 3).map((entry, index): LogEntry => (index === 2 ? { position: entry.position, subject: entry.subject, ref: entry.ref, status: entry.status, body: '{', unreadable: 'not JSON' } : entry));
    const runs = runsAfterEvents(broken, 1);
    expect([runs.get(3)?.status, runs.has(4), runs.get(6)?.status, runs.get(8)?.status]).toEqual(['running', false, 'queued', 'completed']);
  });
});
