import type { EffectIntent, PolicyDecision, RunEvent } from '@cs/contracts';
import { sha256 } from '@cs/testing';
import type { Json } from '@cs/kernel';
import { ledgerIds } from './effect-ledger.projection.js';
import { LogHistory, newMemory, person, project } from './log-history.fixture.js';
import { receiptPayload } from './receipt-payload.js';

const effectOf = (run: string, generation = 0): EffectIntent => ({ effect_id: `${run}:charge:${generation}`, idempotency_key: `${run}:charge:${generation}`, mode: 'keyed', operation: 'http.post', target: 'https://bank.example/refunds' });
const started = (run: string, attempt = 1, generation = 0): RunEvent => ({ event_type: 'node_started', data: { node_id: 'charge', attempt, effect: effectOf(run, generation) } });
const completed = (content: Json = { status: 200, body: { token: 'abc', refund: 'r-1' } }): RunEvent => ({ event_type: 'node_completed', data: { node_id: 'charge', attempt: 1, output: { status: 'completed', contract_kind: 'http', content, created_at_ms: 1 } } });
const failed: RunEvent = { event_type: 'node_failed', data: { node_id: 'charge', attempt: 1, failure: { kind: 'http_status', message: 'refused' } } };
const lettered = (run: string, outcome: 'failed' | 'unknown' = 'failed'): RunEvent => ({
  event_type: 'effect_dead_lettered',
  data: { dead_letter_id: `dead-letter-${run}-charge-0`, node_id: 'charge', effect_id: effectOf(run).effect_id, outcome, attempts: 1, reason: 'refused', recovery_options: ['retry', 'ignore', 'abandon', 'compensate'], compensation_id: `compensation-${run}-charge-0` },
});
const proposed = (run: string, outcome: 'failed' | 'unknown' = 'failed'): RunEvent => ({
  event_type: 'compensation_proposed', data: { compensation_id: `compensation-${run}-charge-0`, node_id: 'charge', effect_id: effectOf(run).effect_id, outcome, dead_letter_id: `dead-letter-${run}-charge-0`, compensation_type: 'operator_review', approval_required: true },
});
const ended: RunEvent = { event_type: 'run_failed', data: { detail: 'node "charge" failed' } };
const recovered: RunEvent = { event_type: 'run_recovered', data: { roots: ['charge'], reset_nodes: ['charge'], cleared_outputs: ['charge'], unknown_effects: [], reason: 'again' } };

const deniedDecision: PolicyDecision = {
  decision_id: 'policy_decision:r1:1', node_id: 'charge', attempt: 2, effect_id: 'r1:charge:0', decision: 'deny', reason_code: 'frozen', reason: 'nothing goes out today', arguments_digest: `sha256:${'a'.repeat(64)}`,
  judgement: { outcome: 'deny', reason_code: 'frozen', reason: 'nothing goes out today', elevated: false, policy_version: '1:x', policy_ids: ['p'] },
  judged: { automation_id: 'refund', node_id: 'charge', action_kind: 'http', data_classes: [], requested_by: person, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false },
};

const sending = (run = 'r1'): LogHistory => {
  const log = new LogHistory();
  log.created(run);
  log.claimed(run, started(run));
  return log;
};

describe('the reliability ledger of an effect', () => {
  it('records outbox and redacted effect, under ids that follow from the idempotency key', () => {
    const log = sending();
    log.run('r1', completed());
    const { outbox, tool_effects } = project(log.entries);
    const ids = ledgerIds(sha256, 'r1:charge:0');
    expect(ids).toEqual({ effect_id: `effect-${sha256('r1:charge:0').slice(0, 16)}`, outbox_id: `outbox-${sha256('r1:charge:0').slice(0, 16)}` });
    expect(outbox).toEqual([expect.objectContaining({ ...ids, org_id: 'acme', status: 'sent', idempotency_key: 'r1:charge:0', attempts: 1, operation: 'http.post', target: 'https://bank.example/refunds', claimed_by: null })]);
    expect(tool_effects).toEqual([expect.objectContaining({ ...ids, action_id: 'r1:charge:0', status: 'succeeded', receipt_payload_redacted: { status: 200, body: { token: '[redacted]', refund: 'r-1' } }, error: null })]);
    expect(tool_effects[0]?.receipt_pointer).toBe(outbox[0]?.receipt_id);
  });

  it('reserves before it is sent: the intent is a claim with its lease', () => {
    expect(project(sending().entries).outbox).toMatchObject([{ status: 'claimed', claimed_by: 'runner', claim_expires_at_ms: 1_001_010 }]);
  });

  it('dedupes by idempotency key: attempts of one effect are one record, a reset begins another', () => {
    const log = sending();
    log.claimed('r1', started('r1', 2));
    expect(project(log.entries).tool_effects).toHaveLength(1);
    expect(project(log.entries).outbox).toMatchObject([{ attempts: 2, created_at_ms: 1_000_020 }]);
    log.run('r1', failed, lettered('r1'), ended);
    log.run('r1', recovered);
    log.claimed('r1', started('r1', 1, 1));
    expect(project(log.entries).tool_effects.map(({ action_id, status }) => [action_id, status])).toEqual([['r1:charge:0', 'failed'], ['r1:charge:1', 'pending']]);
  });

  it('ignores what is local: a step without an effect leaves none', () => {
    const log = new LogHistory();
    log.created('r1');
    log.claimed('r1', { event_type: 'node_started', data: { node_id: 'charge', attempt: 1 } });
    log.run('r1', completed());
    expect([project(log.entries).outbox, project(log.entries).tool_effects]).toEqual([[], []]);
  });

  it('creates a tenant-scoped dead letter and a linked compensation when it fails', () => {
    const log = sending();
    log.run('r1', failed, lettered('r1'), proposed('r1'), ended);
    const { outbox, tool_effects, dead_letters, compensations } = project(log.entries);
    expect(outbox).toMatchObject([{ status: 'dead_lettered', dead_letter_id: 'dead-letter-r1-charge-0', compensation_id: 'compensation-r1-charge-0' }]);
    expect(tool_effects).toMatchObject([{ status: 'failed', error: 'refused', compensation_id: 'compensation-r1-charge-0' }]);
    expect(dead_letters).toMatchObject([{ org_id: 'acme', workspace_id: 'ops', run_id: 'r1', source_type: 'tool_effect', status: 'open', compensation_id: 'compensation-r1-charge-0' }]);
    expect(compensations).toMatchObject([{ status: 'proposed', target_effect_id: tool_effects[0]?.effect_id, approval_required: 1, due_at_ms: null }]);
  });

  it('clears pristine rows when a later attempt succeeds', () => {
    const log = sending();
    log.run('r1', failed, lettered('r1'), proposed('r1'), ended);
    log.run('r1', recovered);
    log.claimed('r1', started('r1', 1, 1));
    log.run('r1', completed());
    const { dead_letters, compensations } = project(log.entries);
    expect([dead_letters[0]?.status, compensations[0]?.status]).toEqual(['cleared', 'cleared']);
  });

  it('keeps rows that operators touched, with who made them moot', () => {
    const log = sending();
    log.run('r1', failed, lettered('r1'), ended);
    log.run('r1', { event_type: 'dead_letter_disposition_recorded', data: { dead_letter_id: 'dead-letter-r1-charge-0', status: 'open', disposition: 'reviewed', reason: 'looked', by: person } });
    log.run('r1', recovered);
    log.claimed('r1', started('r1', 1, 1));
    log.run('r1', completed());
    expect(project(log.entries).dead_letters).toMatchObject([{ status: 'open', metadata: { superseded_by_success: true, superseded_by_effect_id: 'r1:charge:1', superseded_by_outbox_id: ledgerIds(sha256, 'r1:charge:1').outbox_id }, superseded_at_ms: expect.any(Number) }]);
  });

  it('unknown keeps them: rows of an effect that may have happened stay, whatever succeeds later', () => {
    const log = sending();
    log.run('r1', { event_type: 'node_blocked', data: { node_id: 'charge', attempt: 1, effect_id: 'r1:charge:0', failure: { kind: 'timeout', message: 'no answer' } } }, lettered('r1', 'unknown'), proposed('r1', 'unknown'));
    log.run('r1', recovered);
    log.claimed('r1', started('r1', 1, 1));
    log.run('r1', completed());
    const { dead_letters, compensations, tool_effects } = project(log.entries);
    expect([dead_letters[0]?.status, compensations[0]?.status]).toEqual(['open', 'proposed']);
    expect(tool_effects.map(({ status }) => status)).toEqual(['unknown', 'succeeded']);
  });

  it('says unknown of an attempt that was not heard of, and a later denial changes nothing of that', () => {
    const backOff = (unknown_effect_id?: string): LogHistory => {
      const log = sending();
      const retry_after_ms = log.at_ms + 5000;
      log.run('r1', {
        event_type: 'node_retry_backoff_scheduled',
        data: {
          node_id: 'charge', attempt: 1, next_attempt: 2, max_attempts: 3, backoff_ms: 5000, retry_after_ms, reason: 'timed out', failure: { kind: 'timeout', message: 'timed out' }, retry_decision: 'retry_scheduled',
          wait: { wait_id: 'w', node_id: 'charge', wait_kind: 'retry_backoff', wake_at_ms: retry_after_ms, created_at_ms: log.at_ms }, ...(unknown_effect_id === undefined ? {} : { unknown_effect_id }),
        },
      });
      return log;
    };
    const denied = (log: LogHistory) => {
      log.woken('r1', 'w');
      log.claimed('r1', { event_type: 'policy_effect_denied', data: deniedDecision }, { event_type: 'node_failed', data: { node_id: 'charge', attempt: 2, failure: { kind: 'policy_denied', message: 'no' } } });
      const { outbox: [outbox], tool_effects: [effect] } = project(log.entries);
      return [outbox?.status, effect?.status];
    };
    expect(project(backOff('r1:charge:0').entries).tool_effects).toMatchObject([{ status: 'unknown', error: 'timed out' }]);
    expect(project(backOff().entries).tool_effects).toMatchObject([{ status: 'pending' }]);
    expect(denied(backOff('r1:charge:0'))).toEqual(['pending', 'unknown']);
    expect(denied(backOff())).toEqual(['cancelled', 'failed']);
  });

  it('gate denial harmless: a denial cancels its own record, and neither what was sent before nor what another node has claimed', () => {
    const log = sending();
    log.run('r1', completed());
    log.run('r1', recovered);
    const other: EffectIntent = { ...effectOf('r1'), effect_id: 'r1:tell:0', idempotency_key: 'r1:tell:0' };
    log.claimed('r1', { event_type: 'node_started', data: { node_id: 'tell', attempt: 1, effect: other } });
    log.run('r1', { event_type: 'policy_effect_denied', data: { ...deniedDecision, attempt: 1, effect_id: 'r1:charge:1' } }, { event_type: 'node_failed', data: { node_id: 'charge', attempt: 1, failure: { kind: 'policy_denied', message: 'no' } } });
    expect(project(log.entries).outbox.map(({ idempotency_key, status, claimed_by }) => [idempotency_key, status, claimed_by])).toEqual([['r1:charge:0', 'sent', null], ['r1:tell:0', 'claimed', 'runner'], ['r1:charge:1', 'cancelled', null]]);
  });

  it('says unknown of what was under way when its run ended', () => {
    const log = sending();
    log.run('r1', { event_type: 'run_stopped', data: { reason: 'stop', stop_kind: 'operator_stopped' } });
    expect(project(log.entries).tool_effects).toMatchObject([{ status: 'unknown' }]);
  });

  it('has a row for the receipt of a compensation', () => {
    const log = sending();
    log.run('r1', failed, lettered('r1'), proposed('r1'), ended);
    const id = 'compensation-r1-charge-0';
    const effect: EffectIntent = { effect_id: 'r1:charge:0:compensation', idempotency_key: 'r1:charge:0:compensation', mode: 'keyed' };
    log.run('r1', { event_type: 'compensation_moved', data: { compensation_id: id, from: 'proposed', to: 'approved', reason: 'ok', by: person } }, { event_type: 'compensation_started', data: { compensation_id: id, attempt: 1, effect, claimed_by: 'runner', claim_expires_at_ms: 9 } });
    log.run('r1', { event_type: 'compensation_completed', data: { compensation_id: id, attempt: 1, receipt_effect_id: effect.effect_id, output: { status: 200 } } });
    const { compensations: [compensation], tool_effects } = project(log.entries);
    expect(compensation).toMatchObject({ status: 'completed', receipt_effect_id: ledgerIds(sha256, effect.effect_id).effect_id });
    expect(tool_effects.find(({ effect_id }) => effect_id === compensation?.receipt_effect_id)).toMatchObject({ status: 'succeeded', compensation_id: id });
  });

  it('is the same whether a history is projected at once or commit by commit', () => {
    const log = sending();
    log.run('r1', failed, lettered('r1'), proposed('r1'), ended);
    const memory = newMemory();
    const steps = log.entries.map((entry) => project([entry], memory));
    const whole = project(log.entries);
    expect(steps.at(-1)?.dead_letters).toEqual(whole.dead_letters);
    expect(steps.at(-1)?.compensations).toEqual(whole.compensations);
  });
});

describe('the payload of a receipt', () => {
  it('hides what is named like a secret or looks like one, however deep', () => {
    expect(receiptPayload({ 'Api-Key': 'x', list: [{ password: 'y', note: 'Bearer abcdefghijklmnopqrstuvwxyz' }] })).toEqual({ 'Api-Key': '[redacted]', list: [{ password: '[redacted]', note: 'Bearer [redacted]' }] });
  });

  it('is bounded', () => {
    expect(receiptPayload('x'.repeat(5000))).toMatchObject({ omitted: expect.any(String), characters: 5002 });
  });
});
