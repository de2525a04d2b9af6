import type { FlowNode, GovernanceActor, RunEvent } from '@cs/contracts';
import type { DecideGate } from './run.commands.js';
import { decideRun } from './run.decider.js';
import { ada, bob, claimBy, decisionRecord, effectOf, history, pendingGate, requestId, runId, timerWait } from './run-history.fixture.js';
import { definitionOf, nodes, now, scenario } from './run-scenario.fixture.js';

const { http, transform, gate, timer } = nodes;
const decide = (decision: string, extra: Partial<DecideGate> = {}): DecideGate => ({ type: 'decide_gate', decision, decided_by: ada, ...extra });
const refunds = (options: Partial<NonNullable<FlowNode['gate']>> = {}) => definitionOf(http('look_up'), http('other'), gate('sign', ['look_up'], options), http('pay', ['sign']), transform('tell', ['pay', 'other']));

const setUp = (options: Partial<NonNullable<FlowNode['gate']>> = {}) => {
  const definition = refunds(options);
  const past = history(definition);
  const { created, claimed, started, completed, opened } = past;
  const ran = (node_id: string): readonly RunEvent[] => [started(node_id, effectOf(node_id)), completed(node_id)];
  const ready = [created, claimed(1), ...ran('look_up'), ...ran('other')];
  return { ...scenario(definition), ...past, definition, ran, ready, waiting: [...ready, opened('sign')] };
};

describe('opening a gate', () => {
  it('stops the run for a signature and names what waits behind it', () => {
    const { given, ready, definition } = setUp({ rework_targets: ['look_up'], instructions: 'Look.' });
    given(ready).when({ type: 'open_gate', node_id: 'sign', title: 'Sign?', instructions: 'Look.' })
      .then([{ event_type: 'approval_gate_opened', data: { gate: { ...pendingGate(definition, 'sign'), instructions: 'Look.' }, blocked_nodes: ['pay', 'tell'] } }])
      .thenRun({ status: 'awaiting_approval', checkpoint: { blocked_nodes: ['pay', 'tell'], awaiting_gate: { gate_opening_id: `${requestId('sign')}:1` } } })
      .thenRun({ detail: 'waiting for a decision on gate "sign"' });
  });

  it('carries the risk and the expiry policy of its node', () => {
    const definition = definitionOf({ ...gate('sign', [], { expiry_policy: { expires_after_ms: 5000, on_expiry: 'cancel' } }), risk_tier: 'money_movement_contract' });
    const { created, claimed } = history(definition);
    scenario(definition).given(created, claimed(1)).when({ type: 'open_gate', node_id: 'sign', title: 'Sign?' })
      .thenRun({ checkpoint: { awaiting_gate: { risk_tier: 'money_movement_contract', expiry_policy: { expires_after_ms: 5000, on_expiry: 'cancel' } } } });
  });

  it('comes after everything else that can run', () => {
    const { given, created, claimed, ran, started } = setUp();
    const open = { type: 'open_gate', node_id: 'sign', title: 'Sign?' } as const;
    given(created, claimed(1), ran('look_up')).when(open).thenRefused('node_not_ready');
    given(created, claimed(1), ran('look_up'), started('other', effectOf('other'))).when(open).thenRefused('node_not_ready');
    given(created, claimed(1), ran('other')).when(open).thenRefused('node_not_ready');
    const waits = definitionOf(timer('wait'), gate('sign'));
    const past = history(waits);
    scenario(waits).given(past.created, past.claimed(1)).when(open).thenRefused('node_not_ready');
    scenario(waits).given(past.created, past.claimed(1), past.waiting('wait')).when(open).thenTypes('approval_gate_opened');
  });

  it('goes in the order of the definition when several could open', () => {
    const definition = definitionOf(gate('second', ['a']), gate('first'), gate('third'), http('a'));
    const { created, claimed, started, completed } = history(definition);
    const { given } = scenario(definition);
    const ran = [created, claimed(1), started('a', effectOf('a')), completed('a')];
    given(ran).when({ type: 'open_gate', node_id: 'first', title: 'x' }).thenRefused('node_not_ready');
    given(ran).when({ type: 'open_gate', node_id: 'second', title: 'x' }).thenTypes('approval_gate_opened');
  });

  it('is refused for a node that is no gate and for a run that is not running', () => {
    const { given, created, waiting } = setUp();
    given(created).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRefused('node_not_ready');
    given(waiting).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRefused('node_not_ready');
    const only = definitionOf(http('a'));
    const past = history(only);
    scenario(only).given(past.created, past.claimed(1)).when({ type: 'open_gate', node_id: 'a', title: 'x' }).thenRefused('node_not_ready');
  });

  it('keeps a node blocked whose effect is unknown, also when the gate is decided', () => {
    const { given, created, claimed, ran, started, blocked } = setUp();
    const branch = [created, claimed(1), ...ran('look_up'), started('other', effectOf('other', 'none')), blocked('other')];
    given(branch).when({ type: 'open_gate', node_id: 'sign', title: 'x' }).thenRun({ checkpoint: { blocked_nodes: ['other', 'pay', 'tell'] } });
    given(branch, setUp().opened('sign')).when(decide('approve')).thenRun({ checkpoint: { blocked_nodes: ['other'] } });
  });
});

describe('approving', () => {
  it('completes the gate, records who and why, and queues the run', () => {
    const { given, waiting } = setUp();
    const record = decisionRecord('sign', 'approve', { reason: 'fine', command_id: 'key-1' });
    given(waiting).when(decide('approve', { reason: 'fine', command_id: 'key-1' })).then([
      { event_type: 'approval_gate_decided', data: record },
      {
        event_type: 'node_completed',
        data: {
          node_id: 'sign', attempt: 0,
          output: { status: 'completed', contract_kind: 'approval_gate', summary: 'gate "sign" approved', created_at_ms: now, content: { decision: 'approve', reason: 'fine', decided_at_ms: now, decided_by: { ...ada } } },
        },
      },
    ]).thenRun({
      status: 'queued', resume_reason: 'gate "sign" decision: approve',
      checkpoint: { completed_nodes: ['look_up', 'other', 'sign'], pending_nodes: ['pay', 'tell'], blocked_nodes: [], gate_history: [record] },
    });
  });
});

describe('cancelling', () => {
  it('ends the run there and leaves its nodes as they are', () => {
    const { given, waiting } = setUp();
    given(waiting).when(decide('cancel', { reason: 'too much' }))
      .then([{ event_type: 'approval_gate_decided', data: decisionRecord('sign', 'cancel', { reason: 'too much' }) }, { event_type: 'run_cancelled', data: { reason: 'too much', stop_kind: 'cancelled' } }])
      .thenRun({ status: 'cancelled', detail: 'too much', stop_reason: 'too much', stop_kind: 'cancelled', finished_at_ms: now, checkpoint: { pending_nodes: ['sign', 'pay', 'tell'] } });
    given(waiting).when(decide('cancel')).thenRun({ status: 'cancelled', stop_reason: 'cancelled at gate "sign"' });
  });
});

describe('sending back', () => {
  const reset = (node_ids: readonly string[], reset_nodes: readonly string[]): RunEvent => ({ event_type: 'node_approval_rollback', data: { node_ids, reset_nodes } });

  it('resets the rework targets with everything that depends on them, and spares the other branch', () => {
    const { given, waiting } = setUp({ rework_targets: ['look_up'] });
    given(waiting).when(decide('rework')).then([{ event_type: 'approval_gate_decided', data: decisionRecord('sign', 'rework') }, reset(['look_up', 'sign'], ['look_up', 'pay', 'sign', 'tell'])])
      .thenRun({ status: 'queued', checkpoint: { node_outputs: { other: { status: 'completed' } } } })
      .thenCheckpoint({ completed_nodes: ['other'], pending_nodes: ['look_up', 'pay', 'sign', 'tell'], node_attempts: { other: 1 }, node_generations: { look_up: 1, sign: 1, pay: 1, tell: 1 }, blocked_nodes: [] });
    given(waiting).when(decide('rework')).thenRun({ checkpoint: { node_outputs: expect.not.objectContaining({ look_up: expect.anything() as unknown }) as object } });
  });

  it('ends the waits of what it resets, whose timers come to nothing', () => {
    const definition = definitionOf(timer('wait'), timer('apart'), gate('sign', [], { rework_targets: ['wait'] }));
    const { created, claimed, waiting, opened } = history(definition);
    const { given } = scenario(definition);
    const open = [created, claimed(1), waiting('wait'), waiting('apart'), opened('sign')];
    given(open).when(decide('rework')).thenCheckpoint({ open_waits: [timerWait('apart')] });
    const { decided, rolledBack } = history(definition);
    const back = given(open, decided('sign', 'rework'), rolledBack('wait', 'sign'));
    back.when({ type: 'wake_wait', wait_id: timerWait('wait').wait_id }, now + 5000).thenNothing();
    given(open, decided('sign', 'rework'), rolledBack('wait', 'sign'), claimed(2)).when({ type: 'open_waits', node_id: 'wait', waits: [{ wait_kind: 'timer', wake_at_ms: now + 1000 }] })
      .then([{ event_type: 'wait_node_registered', data: { wait: timerWait('wait', now + 1000, 1) } }]);
  });

  it('resets every one of several targets', () => {
    const { given, waiting } = setUp({ rework_targets: ['look_up', 'other'] });
    given(waiting).when(decide('rework')).thenTypes('approval_gate_decided', 'node_approval_rollback')
      .thenCheckpoint({ completed_nodes: [], pending_nodes: ['look_up', 'other', 'pay', 'sign', 'tell'], node_outputs: {}, node_attempts: {} });
  });

  it('goes to what the gate depends on when it names no targets', () => {
    const { given, waiting } = setUp({ decisions: [] });
    given(waiting).when(decide('rework')).then([{ event_type: 'approval_gate_decided', data: decisionRecord('sign', 'rework') }, reset(['look_up', 'sign'], ['look_up', 'pay', 'sign', 'tell'])]);
  });

  it('opens the gate again under the same request with a new opening, and the old card decides nothing', () => {
    const { given, waiting, decided, rolledBack, claimed, started, completed } = setUp({ rework_targets: ['look_up'] });
    const again = [...waiting, decided('sign', 'rework'), rolledBack('look_up', 'sign'), claimed(2), started('look_up', effectOf('look_up', 'keyed', 1)), completed('look_up')];
    given(again).when({ type: 'open_gate', node_id: 'sign', title: 'Sign?' }).thenRun({ checkpoint: { awaiting_gate: { approval_request_id: requestId('sign'), gate_opening_id: `${requestId('sign')}:2` } } });
    const open = given(again, setUp().opened('sign', 2));
    open.when(decide('approve', { gate_opening_id: `${requestId('sign')}:1` })).thenRefused('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', { reason_code: 'gate_opening_id_mismatch' });
    open.when(decide('approve', { gate_opening_id: `${requestId('sign')}:2` })).thenTypes('approval_gate_decided', 'node_completed');
    open.when(decide('approve')).thenRun({ status: 'queued', checkpoint: { gate_history: [{ gate_opening_id: `${requestId('sign')}:1` }, { gate_opening_id: `${requestId('sign')}:2` }] } });
  });

  it('makes the queue message of the turn before stale', () => {
    const { given, waiting, decided, rolledBack } = setUp();
    given(waiting, decided('sign', 'rework'), rolledBack('look_up', 'sign')).when(claimBy('runner-2', 1)).thenRefused('queue_message_stale');
  });
});

describe('a decision in words', () => {
  it.each([['Approve', 'approve'], [' rework ', 'rework'], ['changes', 'rework'], ['request_changes', 'rework'], ['ask_changes', 'rework'], ['reject', 'cancel'], ['DENY', 'cancel'], ['cancel', 'cancel']])('"%s" is %s', (word, decision) => {
    const { given, waiting } = setUp();
    given(waiting).when(decide(word)).thenRun({ checkpoint: { gate_history: [{ decision }] } });
  });

  it('is refused when the gate does not take it, and tells what it takes', () => {
    const { given, waiting } = setUp({ decisions: ['approve', 'reject'] });
    given(waiting).when(decide('rework')).thenRefused('AUTOMATION_V2_GATE_INVALID_DECISION', { nodeID: 'sign', decisions: ['approve', 'cancel'] });
    for (const word of ['', 'ok', 'expired', 'constructor']) given(waiting).when(decide(word)).thenRefused('AUTOMATION_V2_GATE_INVALID_DECISION');
  });

  it('may be rework whenever the gate has rework targets', () => {
    const { given, waiting } = setUp({ decisions: ['approve'], rework_targets: ['look_up'] });
    given(waiting).when(decide('rework')).thenTypes('approval_gate_decided', 'node_approval_rollback');
    given(waiting).when(decide('cancel')).thenRefused('AUTOMATION_V2_GATE_INVALID_DECISION');
  });
});

describe('a decision on a gate that is not open (any more)', () => {
  const { given, waiting, created, claimed, decided, completed } = setUp();

  it('is refused with the winner: node, decision, reason, time and person', () => {
    const won = [...waiting, decided('sign', 'approve', { reason: 'fine', decided_by: bob }), completed('sign', 0)];
    const winningDecision = { node_id: 'sign', gate_opening_id: `automation_v2:${runId}:sign:1`, decision: 'approve', reason: 'fine', decided_at_ms: now, decided_by: { ...bob } };
    given(won).when(decide('cancel')).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', { runID: runId, currentStatus: 'queued', winningDecision });
    given(won, claimed(2)).when(decide('cancel')).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', { currentStatus: 'running', winningDecision });
  });

  it('is refused without a winner when nobody has decided', () => {
    const { when } = given(created, claimed(1));
    when(decide('approve')).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', { runID: runId, currentStatus: 'running' });
    when(decide('approve')).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', expect.not.objectContaining({ winningDecision: expect.anything() as unknown }) as object);
  });

  it('says null for a reason that the winner did not give', () => {
    given(waiting, decided('sign', 'cancel'), { event_type: 'run_cancelled', data: { reason: 'x', stop_kind: 'cancelled' } }).when(decide('approve'))
      .thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', { currentStatus: 'cancelled', winningDecision: { reason: null, decision: 'cancel' } });
  });
});

describe('a decision bound to a request', () => {
  const { given, waiting } = setUp();

  it('is refused when another request is open, and the gate stays open', () => {
    given(waiting).when(decide('approve', { approval_request_id: requestId('other') })).thenRefused('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', { nodeID: 'sign', reason_code: 'approval_request_id_mismatch' });
    given(waiting).when(decide('approve', { transition_id: `${requestId('other')}:decision` })).thenRefused('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', { reason_code: 'transition_id_mismatch' });
  });

  it('is taken when everything it names is open', () => {
    given(waiting).when(decide('approve', { approval_request_id: requestId('sign'), transition_id: `${requestId('sign')}:decision`, gate_opening_id: `${requestId('sign')}:1` })).thenTypes('approval_gate_decided', 'node_completed');
  });

  it('is judged as a decision before it is judged as a request', () => {
    given(waiting).when(decide('maybe', { approval_request_id: 'x' })).thenRefused('AUTOMATION_V2_GATE_INVALID_DECISION');
  });
});

describe('a command that comes again', () => {
  const { given, waiting, decided, completed, rolledBack, claimed } = setUp({ rework_targets: ['look_up'] });
  const approved = [...waiting, decided('sign', 'approve', { command_id: 'key-1' }), completed('sign', 0)];

  it('finds its own decision, also when the run has gone on since', () => {
    given(approved).when(decide('approve', { command_id: 'key-1' })).thenNothing();
    given(approved, claimed(2)).when(decide('Approve', { command_id: 'key-1', gate_opening_id: `${requestId('sign')}:1`, approval_request_id: requestId('sign') })).thenNothing();
  });

  it('does not decide the next opening', () => {
    given(waiting, decided('sign', 'rework', { command_id: 'key-1' }), rolledBack('look_up', 'sign'), claimed(2), setUp().opened('sign', 2)).when(decide('rework', { command_id: 'key-1' })).thenNothing();
  });

  it('is refused when it decides otherwise, or another opening, under the same key', () => {
    for (const other of [decide('cancel'), decide('approve', { gate_opening_id: `${requestId('sign')}:2` }), decide('approve', { approval_request_id: requestId('other') })]) {
      given(approved).when({ ...other, command_id: 'key-1' }).thenRefused('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', { reason_code: 'command_id_reused' });
    }
  });

  it('is not taken for the same key of someone else', () => {
    const other: GovernanceActor = { ...bob };
    given(approved).when(decide('approve', { command_id: 'key-1', decided_by: other })).thenRefused('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
  });
});

describe('a damaged run', () => {
  const { given, waiting } = setUp();

  it('is decided at the first approval node that is pending and not settled, which is recorded as opened again', () => {
    const run = given(waiting).run();
    if (run === undefined) throw new Error('no run');
    const { awaiting_gate: _gate, ...checkpoint } = run.checkpoint;
    const opened = run.checkpoint.awaiting_gate;
    expect(decideRun(decide('approve', { ...(opened === undefined ? {} : { gate_opening_id: opened.gate_opening_id }) }), { ...run, checkpoint }, { at_ms: now, definition: refunds() })).toMatchObject({
      kind: 'accepted',
      events: [{ event_type: 'approval_gate_opened', data: { gate: { gate_opening_id: opened?.gate_opening_id } } }, { event_type: 'approval_gate_decided', data: { decision: 'approve', gate_opening_id: opened?.gate_opening_id } }, { event_type: 'node_completed' }],
    });
  });

  it('refuses a decision when no approval node is left to be decided', () => {
    const run = given(waiting).run();
    if (run === undefined) throw new Error('no run');
    const { awaiting_gate: _gate, ...checkpoint } = run.checkpoint;
    const settled = { ...run, checkpoint: { ...checkpoint, pending_nodes: [] } };
    expect(decideRun(decide('approve'), settled, { at_ms: now, definition: refunds() })).toMatchObject({ kind: 'refused', refusal: { code: 'AUTOMATION_V2_RUN_GATE_MISSING' } });
  });

  it('refuses a decision when the definition has no such node', () => {
    expect(decideRun(decide('approve'), given(waiting).run(), { at_ms: now, definition: definitionOf(http('a')) })).toMatchObject({ kind: 'refused', refusal: { code: 'AUTOMATION_V2_GATE_NODE_NOT_FOUND' } });
  });
});
