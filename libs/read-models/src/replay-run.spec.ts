import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@cs/testing';
import { LogHistory } from './log-history.fixture.js';
import { lastSeqOf, rowsOfRun, runAsOf } from './replay-run.js';

const aRun = (): LogHistory => {
  const log = new LogHistory();
  log.created('r1');
  log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
  log.gateOpened('r1', 'r1-sign-1');
  log.decided('r1', 'r1-sign-1', 'approve');
  log.completed('r1');
  return log;
};

describe('a run as of one of its events', () => {
  it('is what it was then, also in the middle of a commit', () => {
    const { entries } = aRun();
    const statuses = Array.from({ length: lastSeqOf(entries) }, (_none, index) => runAsOf(entries, index + 1)?.status);
    expect(statuses[0]).toBe('queued');
    expect(statuses.at(-1)).toBe('completed');
    const claimed = runAsOf(entries, 2);
    expect({ status: claimed?.status, inProgress: Object.keys(claimed?.checkpoint.in_progress ?? {}) }).toEqual({ status: 'running', inProgress: [] });
    expect(Object.keys(runAsOf(entries, 3)?.checkpoint.in_progress ?? {})).toEqual(['charge']);
    expect(runAsOf(entries, 4)?.checkpoint.awaiting_gate).toBeUndefined();
    expect(runAsOf(entries, 5)?.checkpoint.awaiting_gate?.node_id).toBe('sign');
  });

  it('counts its events in `version`, so that each state says when it was', () => {
    const { entries } = aRun();
    for (let seq = 1; seq <= lastSeqOf(entries); seq += 1) expect(runAsOf(entries, seq)?.version).toBe(seq);
  });

  it('is nothing before its first commit', () => {
    expect(runAsOf([], 1)).toBeUndefined();
    expect(lastSeqOf([])).toBe(0);
  });

  it('passes over a commit that cannot be read', () => {
    const log = aRun();
    log.unreadable('r1');
    expect(runAsOf(log.entries, lastSeqOf(log.entries))?.status).toBe('completed');
  });
});

describe('the rows of a run', () => {
  it('are those of its commits up to an event, the timeline without a gap', () => {
    const { entries } = aRun();
    const whole = rowsOfRun(entries, { seq: lastSeqOf(entries), digest: sha256 });
    expect(whole.runs.map(({ status }) => status)).toEqual(['completed']);
    expect(whole.run_events.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeqOf(entries) }, (_none, index) => index + 1));
    expect(rowsOfRun(entries, { seq: 3, digest: sha256 }).run_events.map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });
});
