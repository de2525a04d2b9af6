import type { RunEvent } from '@cs/contracts';
import type { JudgeEffect } from './policy.commands.js';
import { claimBy, effectOf, failed, history, succeeded } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario } from './run-scenario.fixture.js';

const { http, transform } = nodes;

const denialOf = (node_id: string): JudgeEffect => ({
  type: 'judge_effect', node_id, arguments_digest: `sha256:${'a'.repeat(64)}`,
  judgement: { outcome: 'deny', reason_code: 'frozen', reason: 'nothing goes out today', elevated: false, policy_version: '1:x', policy_ids: ['p'] },
  judged: { automation_id: 'refunds', node_id, action_kind: 'http', data_classes: [], requested_by: { kind: 'human', actor_id: 'ada' }, trigger_type: 'manual', numbers: {}, texts: {}, is_partial: false, has_secret_content: false },
});

/** Domain 9.1: what has to be in the log before an effect leaves the process. */
describe('the pre-send gate', () => {
  const definition = definitionOf(http('pay'), http('tell'), transform('sum'));
  const { given } = scenario(definition);
  const { created, claimed, started, completed } = history(definition);
  const running = [created, claimed(1)];
  const reserved = [...running, started('pay', effectOf('pay'))];
  const start = { type: 'start_node', node_id: 'pay', mode: 'keyed' } as const;
  const recover = { type: 'recover_node', node_id: 'pay' } as const;

  it('reserve: the intent names the effect and its key', () => {
    given(running).when(start).then([started('pay', effectOf('pay'))]);
  });

  it('sent: only what is reserved can be said to be sent', () => {
    const sent = { type: 'finish_node', node_id: 'pay', attempt: 1, result: succeeded } as const;
    given(reserved).when(sent).thenTypes('node_completed');
    given(running).when(sent).thenRefused('node_not_in_progress');
  });

  it('duplicate blocked: neither what is reserved nor what was sent is reserved again', () => {
    given(reserved).when(start).thenRefused('node_not_ready');
    given(reserved, completed('pay')).when(start).thenRefused('node_not_ready');
  });

  it('expired reclaimed: whoever claims the run next reserves it again, under its key', () => {
    given(reserved).when(claimBy('runner-2', 1), now + 14_999).thenRefused('run_claimed');
    given(reserved, claimed(2, 'runner-2')).when(recover).then([started('pay', effectOf('pay'), 2)]);
  });

  it('concurrent single claim: it is reclaimed once', () => {
    given(reserved).when(recover).thenRefused('node_not_in_progress');
    const reclaimed = [...reserved, claimed(2, 'runner-2'), started('pay', effectOf('pay'), 2)];
    given(reclaimed).when(recover).thenRefused('node_not_in_progress');
  });

  it('blocked cancels only the active claim: a failure of an attempt of the past changes nothing', () => {
    given(reserved, claimed(2, 'runner-2')).when({ type: 'finish_node', node_id: 'pay', attempt: 1, result: failed() }).thenRefused('node_not_in_progress');
  });

  it('sent never cancelled: the end of the run leaves it as it is', () => {
    given(reserved, completed('pay')).when({ type: 'cancel_run' }).thenTypes('run_stopped').thenRun({ checkpoint: { completed_nodes: ['pay'], node_outputs: { pay: { status: 'completed' } } } });
  });

  it('gate denial harmless: what another claim holds, and what was sent, is no longer judged', () => {
    const deny = denialOf('pay');
    given(reserved).when(deny).thenRefused('node_not_ready');
    given(reserved, claimed(2, 'runner-2')).when(deny).thenRefused('node_not_ready');
    given(reserved, completed('pay')).when(deny).thenRefused('node_not_ready');
    given(reserved, started('tell', effectOf('tell'))).when(denialOf('tell')).thenRefused('node_not_ready');
  });

  it('gate denial harmless: a denial says something of its own effect only, which is then never reserved', () => {
    given(reserved).when(denialOf('tell')).thenTypes('policy_effect_denied', 'node_failed').thenRun({ checkpoint: { in_progress: { pay: { effect: effectOf('pay') } } } });
    const denied: RunEvent[] = [];
    given(running).when(denialOf('pay')).collect(denied);
    given(running, denied).when(start).thenRefused('node_not_ready');
  });

  it('tier-only and flag-only gating: what leaves is reserved for a risky tier without a side effect, and with one without a tier', () => {
    const risky = definitionOf(http('pay', [], { risk_tier: 'money_movement_contract', action: { kind: 'http', method: 'GET', url: 'http://peer/pay' } }));
    const past = history(risky);
    const safe = { ...effectOf('pay'), mode: 'safe', operation: 'http.get' } as const;
    scenario(risky).given(past.created, past.claimed(1)).when({ ...start, mode: 'safe' }).then([past.started('pay', safe)]);
    given(running).when(start).then([started('pay', effectOf('pay'))]);
  });

  it('tier-only and flag-only gating: a risky tier of a step that leaves nothing reserves nothing', () => {
    const local = definitionOf(transform('sum', [], { risk_tier: 'money_movement_contract' }));
    const past = history(local);
    scenario(local).given(past.created, past.claimed(1)).when({ type: 'start_node', node_id: 'sum' }).then([past.started('sum')]);
  });

  it('local tools ignored: a step without an effect reserves nothing', () => {
    given(running).when({ type: 'start_node', node_id: 'sum' }).then([started('sum')]);
  });
});
