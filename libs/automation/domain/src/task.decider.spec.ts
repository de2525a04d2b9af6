import type { AutomationDefinition, RunEvent } from '@cs/contracts';
import type { TargetDefinition } from './operator.commands.js';
import { planReset } from './reset-plan.js';
import { claimBy, effectOf, failure, history, requestId } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, scenario } from './run-scenario.fixture.js';

const { http, transform, gate } = nodes;
const hash = `sha256:${'1'.repeat(64)}`;
const target = (definition: AutomationDefinition): TargetDefinition => ({ definition, hash, version: 'v2' });
const pinned = (definition: AutomationDefinition) => ({ workflow_definition_version: 'v2', workflow_definition_snapshot_hash: hash, node_ids: definition.flow.nodes.map(({ node_id }) => node_id) });

const definition = definitionOf(http('look_up'), http('left', ['look_up']), http('right', ['look_up']), http('pay', ['left']), transform('tell', ['pay']));
const { created, claimed, started, completed, blocked, finished } = history(definition);
const { given } = scenario(definition);
const ran = (...ids: readonly string[]): readonly RunEvent[] => ids.flatMap((id) => [started(id, effectOf(id)), completed(id)]);
const done = [created, claimed(1), ...ran('look_up', 'left', 'right', 'pay', 'tell'), finished];
const stuck = [created, claimed(1), ...ran('look_up', 'right'), started('left', effectOf('left', 'none')), blocked('left'), { event_type: 'run_blocked', data: { detail: 'x', node_ids: ['left'] } } as const];
const repair = (extra: object = {}) => ({
  type: 'repair_run', node_id: 'left', target: target(definition), step: { prompt_updated: false, template_updated: false, model_policy_updated: false, reset_only: true }, ...extra,
}) as const;

describe('repairing a step', () => {
  it('resets descendants and keeps siblings', () => {
    given(done).when(repair()).thenTypes('run_step_repaired')
      .thenRun({ status: 'queued', detail: 'step "left" repaired by operator', workflow_definition_version: 'v2', workflow_definition_snapshot_hash: hash })
      .thenCheckpoint({ completed_nodes: ['look_up', 'right'], pending_nodes: ['left', 'pay', 'tell'], node_attempts: { look_up: 1, right: 1 }, node_generations: { left: 1, pay: 1, tell: 1 } });
  });

  it('records before/after diff, and the definition that the run goes on with', () => {
    const step = { prompt_updated: true, template_updated: false, model_policy_updated: false, reset_only: false, previous_prompt: null, new_prompt: 'Look twice' };
    given(done).when(repair({ step, replaces: `sha256:${'0'.repeat(64)}`, reason: 'wrong order' })).then([{
      event_type: 'run_step_repaired',
      data: {
        node_id: 'left', reason: 'wrong order', reset_nodes: ['left', 'pay', 'tell'], cleared_outputs: ['left', 'pay', 'tell'], unknown_effects: [], ...step,
        definition: pinned(definition), automation: { automation_id: 'refunds', replaces: `sha256:${'0'.repeat(64)}` },
      },
    }]);
  });

  it('is refused while a runner may be at work, and for a node that is not there', () => {
    given(created).when(repair()).thenRefused('AUTOMATION_V2_RUN_NOT_REPAIRABLE', { currentStatus: 'queued' });
    given(created, claimed(1)).when(repair()).thenRefused('AUTOMATION_V2_RUN_NOT_REPAIRABLE', { currentStatus: 'running' });
    given(done).when(repair({ node_id: 'nobody' })).thenRefused('AUTOMATION_V2_REPAIR_NODE_NOT_FOUND', { nodeID: 'nobody' });
  });

  it('takes up a cancelled run, and clears why it was paused', () => {
    given(created, claimed(1), { event_type: 'run_stopped', data: { reason: 'x', stop_kind: 'operator_stopped' } }).when(repair()).thenRun({ status: 'queued' });
    const paused = given(created, { event_type: 'run_paused', data: { reason: 'x' } }).run();
    expect(paused).toHaveProperty('pause_reason', 'x');
    expect(foldEvents([eventOf(paused, definition, 'left')], paused)).not.toHaveProperty('pause_reason');
  });

  it('drops the open gate: the next opening is another one, and the approval of the old one decides nothing', () => {
    const signed = definitionOf(http('a'), gate('sign', ['a']), http('pay', ['sign']));
    const past = history(signed);
    const open = [past.created, past.claimed(1), past.started('a', effectOf('a')), past.completed('a'), past.opened('sign')];
    const { given: of } = scenario(signed);
    const command = { ...repair(), node_id: 'a', target: target(signed) };
    of(open).when(command).thenRun({ status: 'queued', checkpoint: { pending_nodes: ['a', 'pay', 'sign'], blocked_nodes: [] } });
    const repaired = [...open, eventOf(of(open).run(), signed, 'a'), past.claimed(2), past.started('a', effectOf('a', 'keyed', 1)), past.completed('a')];
    of(repaired).when({ type: 'decide_gate', decision: 'approve', decided_by: { kind: 'human' } }).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
    of(repaired).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRun({ checkpoint: { awaiting_gate: { gate_opening_id: `${requestId('sign')}:2` } } });
  });

  it('asks for a new signature where an approved gate is among what it resets', () => {
    const signed = definitionOf(http('a'), gate('sign', ['a']), http('pay', ['sign']));
    const past = history(signed);
    const approved = [past.created, past.claimed(1), past.started('a', effectOf('a')), past.completed('a'), past.opened('sign'), past.decided('sign', 'approve'), past.completed('sign', 0), past.claimed(2), past.finished];
    const { given: of } = scenario(signed);
    const again = [...approved, eventOf(of(approved).run(), signed, 'a'), past.claimed(3), past.started('a', effectOf('a', 'keyed', 1)), past.completed('a')];
    of(again).when({ type: 'start_node', node_id: 'pay', mode: 'keyed' }).thenRefused('node_not_ready');
    of(again).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRun({ status: 'awaiting_approval', checkpoint: { awaiting_gate: { gate_opening_id: `${requestId('sign')}:2` } } });
  });
});

const eventOf = (run: ReturnType<typeof foldEvents>, of: AutomationDefinition, node_id: string): RunEvent => {
  if (run === undefined) throw new Error('no run');
  return { event_type: 'run_task_retried', data: { node_id, reason: 'x', ...planReset(run, of, [node_id]), definition: pinned(of) } };
};

describe.each([['retry_task', 'run_task_retried', 'retried'], ['requeue_task', 'run_task_requeued', 'requeued']] as const)('%s', (type, event_type, word) => {
  const command = (node_id: string, of = definition) => ({ type, node_id, target: target(of) }) as const;

  it('resets exactly the subtree', () => {
    given(done).when(command('pay')).then([{
      event_type, data: { node_id: 'pay', reason: `task "pay" ${word} by operator`, reset_nodes: ['pay', 'tell'], cleared_outputs: ['pay', 'tell'], unknown_effects: [], definition: pinned(definition) },
    }]).thenCheckpoint({ completed_nodes: ['look_up', 'left', 'right'], pending_nodes: ['pay', 'tell'], node_attempts: { look_up: 1, left: 1, right: 1 } });
  });

  it('and preview reports the same subtree', () => {
    const run = given(done).run();
    if (run === undefined) throw new Error('no run');
    for (const { node_id } of definition.flow.nodes) given(done).when(command(node_id)).thenCheckpoint({ pending_nodes: [...planReset(run, definition, [node_id]).reset_nodes] });
  });

  it('is refused while a runner may be at work, and for a node that is not there', () => {
    const pausing: RunEvent = { event_type: 'run_pause_requested', data: { reason: 'x' } };
    for (const past of [[created], [created, claimed(1)], [created, claimed(1), pausing]]) given(past).when(command('pay')).thenRefused('AUTOMATION_V2_RUN_TASK_NOT_MUTABLE', { nodeID: 'pay' });
    given(done).when(command('constructor')).thenRefused('AUTOMATION_V2_TASK_NODE_NOT_FOUND');
  });

  it('goes on with the definition of now: nodes that are new are pending, nodes that are gone lose their state', () => {
    const next = definitionOf(http('look_up'), http('left', ['look_up']), http('pay', ['left', 'check']), http('check', ['look_up']));
    given(done).when(command('pay', next)).thenCheckpoint({
      completed_nodes: ['look_up', 'left'], pending_nodes: ['check', 'pay'], blocked_nodes: [], node_attempts: { look_up: 1, left: 1 },
      node_generations: { pay: 1, right: 1, tell: 1 },
    }).thenRun({ workflow_definition_version: 'v2', checkpoint: { node_outputs: expect.not.objectContaining({ right: expect.anything() as unknown }) as object } });
  });

  it('names the effects that may have happened and are sent anew', () => {
    given(stuck).when(command('left')).thenRun({ checkpoint: { blocked_nodes: [], node_generations: { left: 1, pay: 1, tell: 1 } } });
    const paused = [created, claimed(1), ...ran('look_up'), started('left', effectOf('left')), { event_type: 'run_paused', data: { reason: 'x' } } as const];
    expect(planReset(given(paused).run() ?? never(), definition, ['left']).unknown_effects).toEqual(['left']);
  });

  it('gives up the child run that a reset node waits for', () => {
    const wait = { wait_id: 'w', node_id: 'left', wait_kind: 'child_run', child_run_id: 'automation-v2-run-child', created_at_ms: now } as const;
    const waiting = [created, claimed(1), ...ran('look_up'), { event_type: 'wait_node_registered', data: { wait } } as const, { event_type: 'run_parked', data: { wait_ids: ['w'] } } as const];
    given(waiting).when(command('look_up')).thenCheckpoint({ open_waits: [], abandoned_children: ['automation-v2-run-child'] });
    given(waiting).when(command('right')).thenRun({ checkpoint: { open_waits: [wait] } });
  });

  it('makes the queue message of the turn before stale', () => {
    given(done, { event_type, data: { node_id: 'pay', reason: 'x', reset_nodes: ['pay', 'tell'], cleared_outputs: [], unknown_effects: [], definition: pinned(definition) } }).when(claimBy('runner-2', 1)).thenRefused('queue_message_stale');
  });
});

const never = (): never => {
  throw new Error('no run');
};

describe('a node whose retry policy asks operators for a reason', () => {
  const strict = (manual_override: object) => definitionOf(http('look_up'), http('left', ['look_up'], { retry_policy: { manual_override } as never }), http('right', ['look_up']), http('pay', ['left']), transform('tell', ['pay']));
  const commands = (of: AutomationDefinition, reason?: string) => [
    { type: 'retry_task', node_id: 'left', target: target(of), ...(reason === undefined ? {} : { reason }) }, { type: 'requeue_task', node_id: 'left', target: target(of), ...(reason === undefined ? {} : { reason }) },
    { type: 'continue_task', node_id: 'left', ...(reason === undefined ? {} : { reason }) },
    repair({ target: target(of), ...(reason === undefined ? {} : { reason }) }), { type: 'recover_run', ...(reason === undefined ? {} : { reason }) },
  ] as const;

  it('is not done again without one', () => {
    const asking = strict({ enabled: true, requires_reason: true });
    for (const command of [...commands(asking), ...commands(asking, '  ')]) scenario(asking).given(stuck).when(command).thenRefused('AUTOMATION_V2_TASK_REASON_REQUIRED', { nodeID: 'left' });
    for (const command of commands(asking, 'the peer is back')) scenario(asking).given(stuck).when(command).thenRun({ status: 'queued' });
  });

  it('is done again without one when the rule does not hold, and so are the nodes beside it', () => {
    for (const rule of [{ enabled: false, requires_reason: true }, { enabled: true, requires_reason: false }]) {
      for (const command of commands(strict(rule))) scenario(strict(rule)).given(stuck).when(command).thenRun({ status: 'queued' });
    }
    const asking = strict({ enabled: true, requires_reason: true });
    scenario(asking).given(stuck).when({ type: 'retry_task', node_id: 'look_up', target: target(asking) }).thenRun({ status: 'queued' });
  });
});

describe('continuing a blocked node', () => {
  it('resets only the blocked node', () => {
    given(stuck).when({ type: 'continue_task', node_id: 'left' }).then([{
      event_type: 'run_task_continued', data: { node_id: 'left', mode: 'minimal_reset', reason: 'task "left" continued by operator', reset_nodes: ['left'], cleared_outputs: ['left'], unknown_effects: ['left'] },
    }]).thenRun({ status: 'queued' }).thenCheckpoint({ completed_nodes: ['look_up', 'right'], pending_nodes: ['left', 'pay', 'tell'], blocked_nodes: [], node_generations: { left: 1 } });
  });

  it('also on a completed run whose output is blocked, and keeps the failure of another node', () => {
    const over = [created, claimed(1), ...ran('look_up'), started('left', effectOf('left', 'none')), blocked('left'), started('right', effectOf('right')), { event_type: 'node_failed', data: { node_id: 'right', attempt: 1, failure } } as const, finished];
    given(over).when({ type: 'continue_task', node_id: 'left' }).thenRun({ status: 'queued', checkpoint: { last_failure: { node_id: 'right' } } });
    expect(foldEvents([{ event_type: 'run_task_continued', data: { node_id: 'left', mode: 'minimal_reset', reason: 'x', reset_nodes: ['left'], cleared_outputs: [], unknown_effects: [] } }], given(stuck).run())?.checkpoint).not.toHaveProperty('last_failure');
  });

  it('is refused for a node that is not blocked or not there, and while a runner may be at work', () => {
    given(stuck).when({ type: 'continue_task', node_id: 'right' }).thenRefused('AUTOMATION_V2_TASK_NOT_BLOCKED');
    given(stuck).when({ type: 'continue_task', node_id: 'nobody' }).thenRefused('AUTOMATION_V2_TASK_NODE_NOT_FOUND');
    given(created, claimed(1)).when({ type: 'continue_task', node_id: 'left' }).thenRefused('AUTOMATION_V2_RUN_TASK_NOT_CONTINUEABLE');
  });
});

describe('judging an output', () => {
  it('records the judgement once, and what it was before', () => {
    const first: RunEvent = { event_type: 'node_disposition_set', data: { node_id: 'pay', disposition: 'accepted', previous: null } };
    given(done).when({ type: 'set_disposition', node_id: 'pay', disposition: 'accepted' }).then([first]).thenRun({ status: 'completed', checkpoint: { node_dispositions: { pay: 'accepted' } } });
    given(done, first).when({ type: 'set_disposition', node_id: 'pay', disposition: 'accepted' }).thenNothing();
    given(done, first).when({ type: 'set_disposition', node_id: 'pay', disposition: 'rejected', reason: 'no' }).then([{ event_type: 'node_disposition_set', data: { node_id: 'pay', disposition: 'rejected', previous: 'accepted', reason: 'no' } }]);
  });

  it('is forgotten with the output that it was about, and needs one', () => {
    const first: RunEvent = { event_type: 'node_disposition_set', data: { node_id: 'pay', disposition: 'accepted', previous: null } };
    given(done, first).when({ type: 'retry_task', node_id: 'pay', target: target(definition) }).thenRun({ checkpoint: { node_dispositions: {} } });
    given(created).when({ type: 'set_disposition', node_id: 'pay', disposition: 'accepted' }).thenRefused('AUTOMATION_V2_TASK_NODE_OUTPUT_NOT_FOUND');
  });

  it('of a queued run keeps the newest queue message the one that counts', () => {
    const judged: RunEvent = { event_type: 'node_disposition_set', data: { node_id: 'look_up', disposition: 'accepted', previous: null } };
    const queued = [created, claimed(1), ...ran('look_up'), { event_type: 'run_paused', data: { reason: 'x' } } as const, { event_type: 'run_resumed', data: { reason: 'x' } } as const];
    const version = given(queued).run()?.version ?? 0;
    given(queued, judged).when(claimBy('runner-2', version)).thenRefused('queue_message_stale');
    given(queued, judged).when(claimBy('runner-2', version + 1)).thenTypes('run_execution_claimed');
  });
});

describe('reconciling an effect whose outcome nobody knows', () => {
  const effect_id = effectOf('left').effect_id;

  it('takes the output that a person knows, and the run goes on', () => {
    given(stuck).when({ type: 'reconcile_effect', node_id: 'left', outcome: 'succeeded', output: { paid: true }, reason: 'seen in the ledger' }).then([{
      event_type: 'node_effect_reconciled',
      data: {
        node_id: 'left', effect_id, outcome: 'succeeded', reason: 'seen in the ledger',
        output: { status: 'completed', contract_kind: 'operator_reconciled', summary: 'node "left": seen in the ledger', content: { paid: true }, created_at_ms: now },
      },
    }]).thenRun({ status: 'queued', checkpoint: { node_outputs: { left: { content: { paid: true } } } } }).thenCheckpoint({ completed_nodes: ['look_up', 'right', 'left'], pending_nodes: ['pay', 'tell'], blocked_nodes: [] });
  });

  it('fails the node when a person knows that it did not happen', () => {
    given(stuck).when({ type: 'reconcile_effect', node_id: 'left', outcome: 'failed' }).thenRun({ status: 'queued', checkpoint: { node_outputs: { left: { status: 'failed' } }, last_failure: { node_id: 'left', kind: 'reconciled_failed' }, blocked_nodes: [] } });
  });

  it('tries again with a new attempt under the same key', () => {
    const again: RunEvent = { event_type: 'node_effect_reconciled', data: { node_id: 'left', effect_id, outcome: 'retry', reason: 'x' } };
    given(stuck, again, claimed(2)).when({ type: 'start_node', node_id: 'left', mode: 'none' }).then([{ event_type: 'node_started', data: { node_id: 'left', attempt: 2, effect: effectOf('left', 'none') } }]);
  });

  it('is refused when no effect of the node is unknown, or another one than was asked about', () => {
    given(stuck).when({ type: 'reconcile_effect', node_id: 'right', outcome: 'failed' }).thenRefused('AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN');
    given(stuck).when({ type: 'reconcile_effect', node_id: 'left', outcome: 'failed', effect_id: 'other' }).thenRefused('AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN');
    given(stuck).when({ type: 'reconcile_effect', node_id: 'left', outcome: 'retry', effect_id }).thenTypes('node_effect_reconciled');
  });

  it('is told to a running run, leaves a paused one paused, and sends nothing for a cancelled one', () => {
    const branch = [created, claimed(1), ...ran('look_up'), started('left', effectOf('left', 'none')), blocked('left')];
    const succeeded = { type: 'reconcile_effect', node_id: 'left', outcome: 'succeeded' } as const;
    given(branch).when(succeeded).thenRun({ status: 'running' });
    given(branch, { event_type: 'run_paused', data: { reason: 'x' } }).when(succeeded).thenRun({ status: 'paused', pause_reason: 'x' });
    const cancelled: RunEvent = { event_type: 'run_stopped', data: { reason: 'x', stop_kind: 'operator_stopped' } };
    given(branch, cancelled).when(succeeded).thenRun({ status: 'cancelled' });
    given(branch, cancelled).when({ ...succeeded, outcome: 'retry' }).thenRefused('AUTOMATION_V2_RUN_TASK_NOT_MUTABLE');
  });
});
