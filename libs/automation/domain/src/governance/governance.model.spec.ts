import fc from 'fast-check';
import type { GovernanceActor, GovernanceLimits, GovernedAgentEvent, TenantContext } from '@cs/contracts';
import type { Refusal } from '@cs/kernel';
import { bounds, happening, pick } from '../happening.fixture.js';
import { decideGovernanceApproval, evolveGovernanceApproval, type GovernanceApprovalCommand, type GovernanceApprovalState } from './governance-approval.decider.js';
import { decideGovernedAgent, type GovernedAgentCommand } from './governed-agent.decider.js';
import { agentHold, evolveGovernedAgent, governedAgentStatus, maxCounted, type GovernedAgentState } from './governed-agent.state.js';
import { dayOf, monthOf, weekOf } from './spend-windows.js';

const tenant_context: TenantContext = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' };
const ada: GovernanceActor = { kind: 'human', actor_id: 'ada' };
const limits: GovernanceLimits = {
  creation_enabled: true, max_creations_per_day: 3, max_active_automations: 4, max_lineage_depth: 1, review_after_creations: 5, review_after_runs: 20, weekly_spend_cap_usd: 10, spend_warning_ratio: 0.8,
  expires_after_ms: 1000, approval_ttl_ms: 1000, quarantined: false, expiry_warning_ms: 1000,
  health_check_every_ms: 1000, health_check_runs: 20, health_min_runs: 5, health_failure_rate: 0.5, health_guardrail_stops: 2, cost_spike_ratio: 10, cost_spike_min_runs: 3,
};
const dayMs = 86_400_000;
/** A Thursday. */
const start = Date.UTC(2026, 0, 1, 12);

/** One agent in a log that takes a commit only on the newest version, and writers that may be slow. */
class AgentWorld {
  atMs = start;
  readonly events: GovernedAgentEvent[] = [];
  state: GovernedAgentState;
  #seq = 0;
  readonly reports: { readonly id: string; readonly position: number; readonly cost: number }[] = [];

  apply(command: GovernedAgentCommand): Refusal | undefined {
    const decision = decideGovernedAgent(command, this.state, { tenant_context, agent_id: 'bot', limits, at_ms: this.atMs });
    if (decision.kind === 'refused') return decision.refusal;
    for (const event of decision.events) {
      this.events.push(event);
      this.state = evolveGovernedAgent(this.state, { ...event, recorded_at_ms: this.atMs });
    }
    this.#check(command);
    return undefined;
  }

  create(id: number, depth: number, override: boolean): void {
    const before = this.state;
    const refusal = this.apply({ type: 'register', automation_id: `a-${id}`, depth, override_approval_id: override ? 'approval' : undefined });
    const isKnown = before !== undefined && Object.hasOwn(before.automations, `a-${id}`);
    const mustRefuse = !isKnown && (depth > limits.max_lineage_depth || before?.creation_paused === true || before?.authority_revoked === true || before?.spend_paused !== undefined);
    expect([mustRefuse, refusal === undefined]).not.toEqual([true, true]);
  }

  report(cost: number): void {
    this.#seq += 1;
    this.reports.push({ id: `u-${this.#seq}`, position: this.#seq, cost });
    this.deliver(this.reports.length - 1);
  }

  /** A report comes, again or late. */
  deliver(index: number): void {
    const report = pick(this.reports, index);
    if (report === undefined) return;
    this.apply({ type: 'record_spend', usage: { usage_event_id: report.id, usage_position: report.position, run_id: 'r', automation_id: 'a-1', cost_usd: report.cost, tokens: 1, run_usd: report.cost, at_ms: this.atMs } });
  }

  #check(command: GovernedAgentCommand): void {
    const { state } = this;
    if (state === undefined) return;
    const byOverride = this.events.filter((event) => event.event_type === 'agent_automation_registered' && event.data.override_approval_id !== undefined).length;
    expect(Object.keys(state.automations).length).toBeLessThanOrEqual(limits.max_active_automations + byOverride);
    const today = this.events.filter((event) => event.event_type === 'agent_automation_registered' && event.data.day === dayOf(this.atMs) && event.data.override_approval_id === undefined);
    expect(today.length).toBeLessThanOrEqual(limits.max_creations_per_day);
    const counted = this.events.flatMap((event) => (event.event_type === 'agent_spend_recorded' ? [event.data] : []));
    expect(new Set(counted.map(({ usage_event_id }) => usage_event_id)).size).toBe(counted.length);
    expect(state.spend?.lifetime_usd ?? 0).toBeCloseTo(counted.reduce((sum, { cost_usd }) => sum + cost_usd, 0), 5);
    if (command.type === 'record_spend' && state.spend !== undefined && state.spend.week_usd >= (limits.weekly_spend_cap_usd ?? 0) && state.allowance === undefined && command.usage.cost_usd > 0) expect(state.spend_paused).toBeDefined();
    expect(agentHold(state) === undefined).toBe(governedAgentStatus(state) === 'permitted');
  }
}

const happenings = [
  happening<AgentWorld, readonly [number, number, boolean]>('create', fc.tuple(fc.nat(9), fc.nat(2), fc.boolean()), (world, [id, depth, override]) => world.create(id, depth, override && id > 7)),
  happening<AgentWorld, number>('release', fc.nat(9), (world, id) => void world.apply({ type: 'release', automation_id: `a-${id}`, reason: 'deleted' })),
  happening<AgentWorld, number>('report', fc.integer({ min: 0, max: 600 }).map((cents) => cents / 100), (world, cost) => world.report(cost)),
  happening<AgentWorld, number>('report again', fc.nat(), (world, index) => world.deliver(index)),
  happening<AgentWorld, number>('time passes', fc.integer({ min: 1, max: 4 * dayMs }), (world, ms) => void (world.atMs += ms)),
  happening<AgentWorld, boolean>('review', fc.boolean(), (world) => void world.apply({ type: 'review', note: 'n', reviewed_by: ada })),
  happening<AgentWorld, number>('allow spend', fc.integer({ min: 1, max: 50 }), (world, allowed_usd) => void world.apply({ type: 'allow_spend', week: weekOf(world.atMs), allowed_usd, approval_id: 'approval', approved_by: ada })),
  happening<AgentWorld, boolean>('revoke', fc.boolean(), (world, authority_revoked) => void world.apply({ type: 'change_permissions', change: { authority_revoked }, reason: 'r', changed_by: ada })),
  happening<AgentWorld, boolean>('pause creation', fc.boolean(), (world, creation_paused) => void world.apply({ type: 'change_permissions', change: { creation_paused }, reason: 'r', changed_by: ada })),
];

describe('an agent, whatever happens', () => {
  it('never has more than it may, counts every usage once, and is held exactly while it may not', () => {
    fc.assert(fc.property(fc.commands(happenings, { maxCommands: 60 }), (commands) => fc.modelRun(() => ({ model: {}, real: new AgentWorld() }), commands)), bounds);
  });

  it('remembers so few usages that its state stays small, and still counts none twice when all come again', () => {
    const world = new AgentWorld();
    for (let index = 0; index < 2 * maxCounted; index += 1) world.report(0.01);
    const total = world.state?.spend?.lifetime_usd;
    for (let index = 0; index < world.reports.length; index += 1) world.deliver(index);
    expect([world.state?.spend?.lifetime_usd, world.state?.counted.length]).toEqual([total, maxCounted]);
  });
});

/** An approval, and what everybody who had to do with it was told. */
class ApprovalWorld {
  atMs = start;
  state: GovernanceApprovalState;
  readonly decided: string[] = [];
  readonly used: string[] = [];

  apply(command: GovernanceApprovalCommand): boolean {
    const before = this.state;
    const decision = decideGovernanceApproval(command, before, { approval_id: 'x', tenant_context, at_ms: this.atMs });
    if (decision.kind === 'refused') return false;
    for (const event of decision.events) this.state = evolveGovernanceApproval(this.state, { ...event, recorded_at_ms: this.atMs });
    if (command.type === 'request' && decision.events.length > 0) {
      expect(before?.status).not.toBe('consumed');
      this.decided.length = 0;
    }
    return true;
  }

  decide(type: 'approve' | 'deny', decided_by: GovernanceActor): void {
    if (!this.apply({ type, note: 'n', decided_by })) return;
    expect(decided_by).toMatchObject({ kind: 'human' });
    expect(decided_by.actor_id).not.toBe('bot');
    this.decided.push(type);
    expect(this.decided).toHaveLength(1);
  }

  use(consumed_by: string, digest: string): void {
    if (!this.apply({ type: 'consume', consumed_by, digest })) return;
    expect([this.decided, digest]).toEqual([['approve'], 'd-1']);
    this.used.push(consumed_by);
    expect(new Set(this.used).size).toBe(1);
  }
}

const approvalHappenings = [
  happening<ApprovalWorld, string>('request', fc.constantFrom('activation', 'launch'), (world, type) => void world.apply({ type: 'request', approval_type: type === 'launch' ? 'launch' : 'activation', subject: { kind: 'automation', id: 'a' }, binding: { digest: 'd-1' }, reason: 'r', requested_by: { kind: 'agent', actor_id: 'bot' }, ttl_ms: 1000 })),
  happening<ApprovalWorld, readonly [boolean, GovernanceActor]>('decide', fc.tuple(fc.boolean(), fc.constantFrom<GovernanceActor>(ada, { kind: 'human', actor_id: 'eve' }, { kind: 'human', actor_id: 'bot' }, { kind: 'human', actor_id: ' BOT' }, { kind: 'agent', actor_id: 'other' }, { kind: 'system' }, { kind: 'human' })), (world, [approve, by]) => {
    if (by.actor_id === ' BOT') expect(world.state === undefined || !world.apply({ type: 'approve', note: 'n', decided_by: by })).toBe(true);
    else world.decide(approve ? 'approve' : 'deny', by);
  }),
  happening<ApprovalWorld, readonly [string, string]>('use', fc.tuple(fc.constantFrom('run-1', 'run-2'), fc.constantFrom('d-1', 'd-2')), (world, [by, digest]) => world.use(by, digest)),
  happening<ApprovalWorld, number>('time passes', fc.integer({ min: 1, max: 600 }), (world, ms) => void (world.atMs += ms)),
];

describe('a governance approval, whatever happens', () => {
  it('is decided by one person who did not ask for it, and used for one thing, of exactly what was allowed', () => {
    fc.assert(fc.property(fc.commands(approvalHappenings, { maxCommands: 40 }), (commands) => fc.modelRun(() => ({ model: {}, real: new ApprovalWorld() }), commands)), bounds);
  });
});

describe('the periods of spend', () => {
  it('are those of the UTC calendar, with weeks from Monday', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) }), (at_ms) => {
      const iso = new Date(at_ms).toISOString();
      expect([dayOf(at_ms), monthOf(at_ms)]).toEqual([iso.slice(0, 10), iso.slice(0, 7)]);
      const monday = new Date(`${weekOf(at_ms)}T00:00:00Z`);
      expect(monday.getUTCDay()).toBe(1);
      expect(at_ms - monday.getTime()).toBeGreaterThanOrEqual(0);
      expect(at_ms - monday.getTime()).toBeLessThan(7 * dayMs);
    }), bounds);
  });
});
