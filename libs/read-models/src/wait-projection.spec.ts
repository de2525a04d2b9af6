import { describe, expect, it } from '@jest/globals';
import type { OpenWait, RunEvent } from '@cs/contracts';
import { LogHistory, project } from './log-history.fixture.js';
import { decodeWaitCursor, encodeWaitCursor } from './wait-queries.port.js';

const wait = (wait_id: string, change: Partial<OpenWait> = {}): OpenWait => ({
  wait_id, node_id: 'charge', wait_kind: 'external_condition', created_at_ms: 1_000_000, condition_key: 'paid',
  timeout: { timeout_at_ms: 2_000_000, on_timeout: 'remind', remind_every_ms: 500 }, ...change,
});
const registered = (open: OpenWait): RunEvent => ({ event_type: 'wait_node_registered', data: { wait: open } });
const late = { wait_id: 'w', node_id: 'charge', wait_kind: 'external_condition', due_at_ms: 2_000_000, reason: 'late' };

/** A run parked on the waits, and what its rows say after the events. */
const rowsAfter = (waits: readonly OpenWait[], ...events: readonly RunEvent[]) => {
  const log = new LogHistory();
  log.created('r1');
  log.claimed('r1', ...waits.map(registered), { event_type: 'run_parked', data: { wait_ids: waits.map(({ wait_id }) => wait_id) } });
  if (events.length > 0) log.run('r1', ...events);
  return project(log.entries).waits;
};

describe('the record of a wait', () => {
  it('says what it waits for, and what happens when nobody ends it in time', () => {
    expect(rowsAfter([wait('w', { payload_schema: { type: 'object' } })])).toEqual([
      {
        org_id: 'acme', workspace_id: 'ops', deployment_id: '', run_id: 'r1', wait_id: 'w', wait_kind: 'external_condition', status: 'waiting', phase_id: 'charge', reason: null,
        created_at_ms: 1_000_000, updated_at_ms: 1_000_020, wake_at_ms: null, timeout_at_ms: 2_000_000, event_seq: 3, wake_idempotency_key: null, completed_at_ms: null, webhook_match: null,
        timeout_policy: { timeout_at_ms: 2_000_000, on_timeout: 'remind', remind_every_ms: 500 }, metadata: { condition_key: 'paid', payload_schema: { type: 'object' } },
      },
    ]);
  });

  it.each<[string, object, RunEvent]>([
    ['woken', { reason: 'external_condition_resolved', wake_idempotency_key: 'k' }, { event_type: 'stateful_wait_woken_requeued', data: { ...late, wake_idempotency_key: 'k', wait_event: 'stateful_runtime.wait.external_condition_resolved' } }],
    ['cancelled', { wake_idempotency_key: 'k' }, { event_type: 'stateful_wait_timeout_cancelled_run', data: { ...late, wake_idempotency_key: 'k', stop_kind: 'cancelled' } }],
    ['escalated', { wake_idempotency_key: 'k' }, { event_type: 'stateful_wait_timeout_paused_run', data: { ...late, wake_idempotency_key: 'k', wait_status: 'escalated', escalated_to: 'lead' } }],
    ['timed_out', { wake_idempotency_key: 'k' }, { event_type: 'stateful_wait_timeout_paused_run', data: { ...late, wake_idempotency_key: 'k', wait_status: 'timed_out' } }],
  ])('ends as %s, with what ended it', (status, members, event) => {
    expect(rowsAfter([wait('w')], event)).toEqual([expect.objectContaining({ ...members, status, completed_at_ms: 1_000_030 })]);
  });

  it('goes on after a reminder, with its count and its next time', () => {
    const reminded = { ...late, wake_idempotency_key: 'k', reminder_count: 1, last_reminded_at_ms: 5, next_reminder_at_ms: 2_000_500 };
    expect(rowsAfter([wait('w')], { event_type: 'stateful_wait_timeout_reminded', data: reminded })).toEqual([
      expect.objectContaining({
        status: 'waiting', timeout_at_ms: 2_000_500, timeout_policy: { timeout_at_ms: 2_000_500, on_timeout: 'remind', remind_every_ms: 500 },
        metadata: { condition_key: 'paid', reminder_count: 1, last_reminded_at_ms: 5, next_reminder_at_ms: 2_000_500 },
      }),
    ]);
  });

  it('is cancelled by the phase guard when its run ends without it', () => {
    expect(rowsAfter([wait('w')], { event_type: 'run_cancelled', data: { reason: 'stopped', stop_kind: 'operator_stopped' } })).toEqual([
      expect.objectContaining({ status: 'cancelled', reason: 'run:cancelled', wake_idempotency_key: 'phase-guard-denied:w' }),
    ]);
  });

  it('is cancelled when another branch of its node was first', () => {
    const rows = rowsAfter([wait('w:0', { branch: 0 }), wait('w:1', { branch: 1 })], { event_type: 'stateful_wait_woken_requeued', data: { ...late, wait_id: 'w:1', wake_idempotency_key: 'k' } });
    expect(rows.map(({ wait_id, status, reason }) => [wait_id, status, reason])).toEqual([['w:0', 'cancelled', 'another branch ended first'], ['w:1', 'woken', 'due']]);
  });
});

describe('the dead letter of a wait', () => {
  const ending = { ...late, wake_idempotency_key: 'timeout:Cancel:r1:w:2000000' };
  const cancelled: RunEvent = { event_type: 'stateful_wait_timeout_cancelled_run', data: { ...ending, stop_kind: 'cancelled' } };
  const paused = (wait_status: 'escalated' | 'timed_out'): RunEvent => ({ event_type: 'stateful_wait_timeout_paused_run', data: { ...ending, wait_status } });
  const lettersAfter = (...events: readonly RunEvent[]) => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1', registered(wait('w')), { event_type: 'run_parked', data: { wait_ids: ['w'] } });
    log.run('r1', ...events);
    return project(log.entries).dead_letters;
  };

  it.each<[string, RunEvent]>([['cancels the run', cancelled], ['is escalated', paused('escalated')], ['reminds for the last time', paused('timed_out')]])('is opened when its timeout %s', (_what, event) => {
    expect(lettersAfter(event)).toEqual([
      expect.objectContaining({ dead_letter_id: expect.stringMatching(/^dead-letter-wait-[0-9a-f]{16}$/), source_type: 'stateful_wait', source_id: 'w', consumer: 'runner', reason: 'late', status: 'open', opened_at_ms: 1_000_030 }),
    ]);
  });

  it('has the id of what timed out: the same however often it is projected, another at the next time', () => {
    const [first, again, other] = [paused('escalated'), paused('escalated'), { ...cancelled, data: { ...cancelled.data, wake_idempotency_key: 'timeout:Cancel:r1:w:3000000' } } as RunEvent].map((event) => lettersAfter(event)[0]?.dead_letter_id);
    expect([again === first, other === first]).toEqual([true, false]);
  });

  it('is not opened by a wait that reminds and goes on, is woken, or ends with its run', () => {
    const goesOn: RunEvent = { event_type: 'stateful_wait_timeout_reminded', data: { ...ending, reminder_count: 1, last_reminded_at_ms: 5, next_reminder_at_ms: 2_000_500 } };
    const woken: RunEvent = { event_type: 'stateful_wait_woken_requeued', data: { ...late, wake_idempotency_key: 'k' } };
    expect([goesOn, woken, { event_type: 'run_cancelled', data: { reason: 'stopped', stop_kind: 'operator_stopped' } } as RunEvent].flatMap((event) => lettersAfter(event))).toEqual([]);
  });
});

describe('cursors of waits', () => {
  it('come back as they were, and others are not read', () => {
    const key = { rank: 1, due_at_ms: 2, created_at_ms: 3, wait_id: 'w', run_id: 'r' };
    expect(decodeWaitCursor(encodeWaitCursor(key))).toEqual(key);
    for (const text of ['', 'x', Buffer.from('[1,2,3,4,5]').toString('base64url')]) expect(decodeWaitCursor(text)).toBeUndefined();
  });
});
