import fc from 'fast-check';
import type { ExpiryPolicy, FlowNode, PendingGate } from '@cs/contracts';
import { definitionProblems } from './definition-problems.js';
import { gateDueAtMs, sevenDays } from './gate-expiry.js';
import type { RunCommand } from './run.commands.js';
import { decideRun } from './run.decider.js';
import { evolveRun } from './run-evolution.js';
import { bob, history, requestId } from './run-history.fixture.js';
import { definitionOf, foldEvents, nodes, now, type NodeInput } from './run-scenario.fixture.js';
import type { RunState } from './run.state.js';

const { gate, http } = nodes;
const hour = 3_600_000;
const day = 24 * hour;
const waitId = `${requestId('sign')}:wait`;

/** A run at its gate, and the clock. Everything that is decided is folded as the log returns it. */
class World {
  readonly definition;
  readonly events: string[] = [];
  #state: RunState;
  at_ms = now;

  constructor(sign: NodeInput) {
    this.definition = definitionOf(sign, http('pay', ['sign']));
    const { created, claimed } = history(this.definition);
    this.#state = foldEvents([created, claimed(1)]);
    this.apply({ type: 'open_gate', node_id: 'sign', title: 'Sign?' });
    this.events.length = 0;
  }

  get run() {
    if (this.#state === undefined) throw new Error('no run');
    return this.#state;
  }

  get gate(): PendingGate | undefined {
    return this.run.checkpoint.awaiting_gate;
  }

  /** What was refused, if it was. */
  apply(command: RunCommand): string | undefined {
    const decision = decideRun(command, this.#state, { at_ms: this.at_ms, definition: this.definition });
    if (decision.kind === 'refused') return decision.refusal.code;
    for (const event of decision.events) {
      this.events.push(event.event_type);
      this.#state = evolveRun(this.#state, { ...event, recorded_at_ms: this.at_ms });
    }
    // What survives is what is JSON.
    this.#state = JSON.parse(JSON.stringify(this.#state)) as RunState;
    return undefined;
  }

  timerAfter(ms: number): this {
    this.at_ms = now + ms;
    this.apply({ type: 'wake_wait', wait_id: waitId });
    return this;
  }

  decide(decision = 'approve'): string | undefined {
    return this.apply({ type: 'decide_gate', decision, decided_by: bob });
  }
}

const world = (expiry_policy?: ExpiryPolicy): World => new World(gate('sign', [], expiry_policy === undefined ? {} : { expiry_policy }));

describe('a gate that nobody decides', () => {
  it('auto-cancel leaves an expired record and rejects late humans', () => {
    const open = world({ expires_after_ms: hour }).timerAfter(hour);
    expect(open.events).toEqual(['approval_gate_expired', 'approval_gate_decided', 'run_cancelled']);
    expect(open.run).toMatchObject({
      status: 'cancelled', stop_kind: 'cancelled', stop_reason: 'gate "sign" expired',
      checkpoint: { gate_history: [{ decision: 'expired', decided_by: { kind: 'system', source: 'automation_gate_expiry' }, decided_at_ms: now + hour }] },
    });
    expect(open.decide()).toBe('AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL');
    expect(open.timerAfter(2 * hour).events).toHaveLength(3);
  });

  it('cannot be decided between its time and the timer that settles it', () => {
    for (const on_expiry of ['cancel', 'resume'] as const) {
      const open = world({ expires_after_ms: hour, on_expiry });
      open.at_ms = now + hour;
      expect(open.decide()).toBe('AUTOMATION_V2_GATE_EXPIRED');
    }
  });

  it('is left alone before its time, also by a timer that comes early', () => {
    const open = world({ expires_after_ms: hour }).timerAfter(hour - 1);
    expect([[...open.events], open.decide(), open.run.status]).toEqual([[], undefined, 'queued']);
  });

  it('goes on as if approved where its policy says so', () => {
    const open = world({ expires_after_ms: hour, on_expiry: 'resume' }).timerAfter(hour);
    expect(open.run).toMatchObject({ status: 'queued', checkpoint: { completed_nodes: ['sign'], node_outputs: { sign: { content: { decision: 'timeout_resume', decided_by: { kind: 'system', source: 'automation_gate_timeout_resume' } } } } } });
  });

  it('has seven days when it does not say how long, or says zero', () => {
    for (const policy of [undefined, {}, { expires_after_ms: 0 }]) expect(world(policy).gate).toMatchObject({ expires_at_ms: now + sevenDays.expires_after_ms, expiry_policy: { on_expiry: 'cancel' } });
  });

  it('escalated wait can still be decided, and each of the chain has the time of the gate', () => {
    const open = world({ expires_after_ms: hour, on_expiry: 'escalate', escalate_to: ['lead', 'head'] }).timerAfter(hour);
    expect(open.gate?.policy_state).toMatchObject({ escalations: 1, escalated_to: 'lead', escalated_at_ms: now + hour, notification_key: `${requestId('sign')}:escalated:1` });
    expect(open.gate?.expires_at_ms).toBe(now + 2 * hour);
    open.timerAfter(2 * hour);
    expect(open.gate?.policy_state).toMatchObject({ escalations: 2, escalated_to: 'head', notification_key: `${requestId('sign')}:escalated:2` });
    expect(open.timerAfter(20 * hour).events).toEqual(['approval_gate_escalated', 'approval_gate_escalated']);
    expect([open.decide(), open.run.status]).toEqual([undefined, 'queued']);
  });

  it('reminders and escalation change the notification key', () => {
    const open = world({ expires_after_ms: 3 * hour, on_expiry: 'escalate', remind_every_ms: hour });
    const keys = [1, 2, 3].map((hours) => open.timerAfter(hours * hour).gate?.policy_state?.notification_key);
    expect(keys).toEqual([`${requestId('sign')}:reminder:1`, `${requestId('sign')}:reminder:2`, `${requestId('sign')}:escalated:1`]);
    expect(open.gate?.policy_state?.escalated_to).toBe('unassigned_escalation_principal');
  });

  it('with remind asks once at its time, or again and again with an interval', () => {
    const once = world({ expires_after_ms: hour, on_expiry: 'remind' }).timerAfter(hour).timerAfter(5 * hour);
    expect([once.events, once.gate?.policy_state]).toMatchObject([['approval_gate_reminder_due'], { reminder_count: 1, expired_reminder: true }]);
    const often = world({ expires_after_ms: hour, on_expiry: 'remind', remind_every_ms: hour }).timerAfter(hour).timerAfter(2 * hour).timerAfter(3 * hour);
    expect(often.gate?.policy_state).toMatchObject({ reminder_count: 3 });
  });

  it('after downtime is settled, and nobody is reminded of what is over', () => {
    expect(world({ expires_after_ms: 3 * day, remind_every_ms: hour }).timerAfter(10 * day).events).toEqual(['approval_gate_expired', 'approval_gate_decided', 'run_cancelled']);
  });

  it('is marked stale after 24 h, once, and waits on', () => {
    const open = world().timerAfter(day).timerAfter(day + 1);
    expect([open.events, open.gate?.policy_state?.stale, open.run.status]).toEqual([['approval_gate_marked_stale'], true, 'awaiting_approval']);
  });

  it('written as a wait of kind approval expires as that says', () => {
    const sign: FlowNode['wait'] = { kind: 'approval', decisions: ['approve', 'cancel'], timeout: { expires_after_ms: hour, on_timeout: 'escalate', escalate_to: 'lead' } };
    expect(new World({ node_id: 'sign', wait: sign }).timerAfter(hour).gate?.policy_state).toMatchObject({ escalated_to: 'lead' });
  });

  it('of a release without expiry waits on', () => {
    const open = world();
    const { expires_at_ms: _at, ...older } = open.gate ?? ({} as PendingGate);
    expect(gateDueAtMs(older)).toBeUndefined();
  });
});

describe('the time of a gate', () => {
  const policies: fc.Arbitrary<ExpiryPolicy> = fc.record(
    {
      expires_after_ms: fc.integer({ min: 0, max: 3 * day }), on_expiry: fc.constantFrom('cancel', 'escalate', 'remind', 'resume'),
      escalate_to: fc.array(fc.constantFrom('lead', 'head'), { minLength: 1, maxLength: 3 }), remind_every_ms: fc.integer({ min: 1000, max: day }),
    },
    { requiredKeys: [] },
  );

  it('moves on with everything that is done: no timer finds the same thing due twice', () => {
    fc.assert(
      fc.property(policies, fc.array(fc.nat(2 * day), { maxLength: 12 }), (policy, lateness) => {
        const open = world(policy);
        for (const late of lateness) {
          const due = open.gate && gateDueAtMs(open.gate);
          if (due === undefined) return;
          const before = open.events.length;
          open.timerAfter(due - now + late);
          expect(open.events.length).toBeGreaterThan(before);
          const next = open.gate && gateDueAtMs(open.gate);
          expect(next === undefined || next > open.at_ms).toBe(true);
        }
      }),
    );
  });

  it('is refused in a definition that names whom to ask but does not escalate', () => {
    const problems = definitionProblems(definitionOf(gate('sign', [], { expiry_policy: { expires_after_ms: 1, escalate_to: 'lead' } })));
    expect(problems.map(({ path, code }) => [path, code])).toEqual([['flow.nodes[0].gate.expiry_policy.escalate_to', 'approval_expiry_invalid']]);
  });
});
