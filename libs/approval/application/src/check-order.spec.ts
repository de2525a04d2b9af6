import type { AutomationDefinition, CallContext, Run, VerifiedTenantContext } from '@cs/contracts';
import { refused } from '@cs/kernel';
import { ada, callBy, person, refusalOf, tenant, WaitingRun, type WaitingOptions } from './decide-gate.fixture.js';
import { judgeDecision, type DecisionCase } from './judge-decision.js';

/** Every set of the checks of a list, as which of them are violated. */
const subsets = (count: number): readonly (readonly number[])[] => Array.from({ length: 2 ** count }, (_none, bits) => Array.from({ length: count }, (_, index) => index).filter((index) => (bits & (1 << index)) !== 0));

const short = (code: string | undefined): string => (code ?? 'accepted').replace('AUTOMATION_V2_', '');

interface Judged {
  readonly run: Run;
  readonly decisionCase: DecisionCase;
  readonly at_ms: number;
}

interface Check {
  readonly code: string;
  readonly violate: (judged: Judged) => Judged;
}

const withRun = (judged: Judged, change: (run: Run) => Run): Judged => ({ ...judged, run: change(judged.run) });
const withCase = (judged: Judged, change: Partial<DecisionCase>): Judged => ({ ...judged, decisionCase: { ...judged.decisionCase, ...change } });
const withCommand = (judged: Judged, change: Partial<DecisionCase['command']>): Judged => withCase(judged, { command: { ...judged.decisionCase.command, ...change } });
const withoutNode = (definition: AutomationDefinition): AutomationDefinition => ({ ...definition, flow: { ...definition.flow, nodes: definition.flow.nodes.filter(({ node_id }) => node_id !== 'sign') } });
const withoutGate = (run: Run): Run => {
  const { awaiting_gate: _lost, ...checkpoint } = run.checkpoint;
  return { ...run, checkpoint: { ...checkpoint, pending_nodes: [] } };
};
const byCaller = (judged: Judged, caller: CallContext): Judged => withCommand(withCase(judged, { caller }), { decided_by: caller.actor });

/** The checks of domain 5.3 that look at the run, in their order. The definition (5) is in the log by its hash, for as long as the run. */
const checks: readonly Check[] = [
  { code: 'RUN_NOT_AWAITING_APPROVAL', violate: (judged) => withRun(judged, (run) => ({ ...run, status: 'paused' })) },
  { code: 'RUN_GATE_MISSING', violate: (judged) => withRun(judged, withoutGate) },
  { code: 'GATE_INVALID_DECISION', violate: (judged) => withCommand(judged, { decision: 'maybe' }) },
  { code: 'GATE_NODE_NOT_FOUND', violate: (judged) => withCase(judged, { definition: withoutNode(judged.decisionCase.definition) }) },
  { code: 'GATE_EXPIRED', violate: (judged) => ({ ...judged, at_ms: Number.MAX_SAFE_INTEGER }) },
  { code: 'GATE_SELF_APPROVAL_FORBIDDEN', violate: (judged) => byCaller(judged, callBy(ada)) },
  { code: 'GATE_TRANSITION_GUARD_DENIED', violate: (judged) => withCommand(judged, { gate_opening_id: 'an-older-card' }) },
];

const judgedAt = async (options: WaitingOptions = {}): Promise<Judged> => {
  const waiting = await WaitingRun.at({ risk_tier: 'money_movement_contract', ...options });
  const run = await waiting.load();
  const caller = callBy(person('bob'));
  const definition = await waiting.definitions.get(tenant, run.workflow_definition_snapshot_hash);
  const command = { type: 'decide_gate', decision_id: 'd', decision: 'approve', decided_by: caller.actor } as const;
  return { run, at_ms: waiting.now + 1, decisionCase: { command, caller, definition, definition_hash: run.workflow_definition_snapshot_hash, access: { ok: true, value: true }, seat: undefined } };
};

const codeOf = ({ decisionCase, run, at_ms }: Judged): string => {
  const decision = judgeDecision(decisionCase, run, at_ms);
  return short(decision.kind === 'refused' ? decision.refusal.code : undefined);
};

describe('of several reasons to refuse a decision, the answer names the first in the order of domain 5.3', () => {
  it.each(checks.slice(1).map(({ code }, index) => [checks[index]?.code ?? '', code, index] as const))('%s before %s', async (earlier, _later, index) => {
    const both = [checks[index], checks[index + 1]].reduce((judged, check) => check?.violate(judged) ?? judged, await judgedAt());
    expect(codeOf(both)).toBe(earlier);
  });

  it('whatever they are: every set of violations of these checks', async () => {
    const base = await judgedAt();
    for (const violated of subsets(checks.length)) {
      // What is not there cannot be looked at: without a gate there is no node of it, and so on.
      const judged = violated.reduce((so_far, index) => checks[index]?.violate(so_far) ?? so_far, base);
      expect([violated, codeOf(judged)]).toEqual([violated, checks[violated[0] ?? -1]?.code ?? 'accepted']);
    }
  });

  it('the vote of a seat comes last: who may not vote is not told how somebody voted', async () => {
    const approvers = ['bob', 'cyd', 'dan'].map((id) => ({ kind: 'person' as const, id }));
    const waiting = await WaitingRun.at({ gate: { approvals_required: 2, approvers } });
    await waiting.decide({ decision: 'approve' }, callBy(person('bob')));
    expect(short(refusalOf(await waiting.decide({ decision: 'cancel', gate_opening_id: 'an-older-card' }, callBy(person('bob')))).code)).toBe('GATE_TRANSITION_GUARD_DENIED');
    expect(short(refusalOf(await waiting.decide({ decision: 'cancel', on_behalf_of: 'bob' }, callBy(person('dan')))).code)).toBe('GATE_DELEGATION_NOT_IN_FORCE');
    expect(short(refusalOf(await waiting.decide({ decision: 'cancel' }, callBy(person('bob')))).code)).toBe('GATE_ALREADY_VOTED');
  });
});

interface Authority {
  readonly code: string;
  readonly violate: (judged: Judged) => Judged;
}

/** Domain 5.4, with the approvers that a gate names in their place. */
const authority: readonly Authority[] = [
  { code: 'GATE_SELF_APPROVAL_FORBIDDEN', violate: (judged) => withRun(judged, (run) => ({ ...run, requested_by: person('bob') })) },
  { code: 'GATE_DELEGATION_NOT_IN_FORCE', violate: (judged) => withCase(judged, { seat: { person: 'zoe', entitled: false, delegations: [] } }) },
  { code: 'GATE_NOT_AN_APPROVER', violate: (judged) => withRun(judged, (run) => withApprovers(run, 'zoe')) },
  { code: 'GATE_REVIEWER_AUTHORITY_REQUIRED', violate: (judged) => withRun(judged, withDataClass) },
  { code: 'ACCESS_DENIED', violate: (judged) => withCase(judged, { access: refused('AUTOMATION_V2_ACCESS_DENIED', 'no') }) },
];
const withApprovers = (run: Run, id: string): Run => changeGate(run, { approvers: [{ kind: 'person', id }] });
const withDataClass = (run: Run): Run => changeGate(run, { data_classes: ['internal'] });
const changeGate = (run: Run, change: object): Run => ({ ...run, checkpoint: { ...run.checkpoint, ...(run.checkpoint.awaiting_gate === undefined ? {} : { awaiting_gate: { ...run.checkpoint.awaiting_gate, ...change } }) } });

describe('of several reasons why somebody may not decide, the answer names the first in the order of domain 5.4', () => {
  it('whatever they are: every set of violations', async () => {
    const base = await judgedAt();
    for (const violated of subsets(authority.length)) {
      const judged = violated.reduce((so_far, index) => authority[index]?.violate(so_far) ?? so_far, base);
      expect([violated, codeOf(judged)]).toEqual([violated, authority[violated[0] ?? -1]?.code ?? 'accepted']);
    }
  });
});

describe('before the run is looked at', () => {
  const shared = { resource_access: { owner_principal: { kind: 'human_user', id: 'zoe' }, visibility: 'org' } };
  const verified = (actor_id: string): VerifiedTenantContext => ({
    tenant_context: tenant, human_actor: { actor_id }, authority_chain: { initiated_by: actor_id, executed_as: actor_id }, roles: [], org_units: [], capabilities: [],
    issuer: 'idp', audience: 'countersign', issued_at_ms: 0, expires_at_ms: Number.MAX_SAFE_INTEGER, assertion_id: 'a1',
  });
  const callOf = (actor_id: string, kind: 'human' | 'agent' = 'human'): CallContext => ({ ...callBy({ kind, actor_id, source: 'assertion' }), verified: verified(actor_id) });
  const order = ['RUN_NOT_FOUND', 'GATE_REQUIRES_HUMAN', 'ACCESS_DENIED', 'RUN_NOT_AWAITING_APPROVAL', 'GATE_INVALID_DECISION'];

  it('of several reasons the answer names the first: no such run, no person, not theirs, too late, no decision', async () => {
    const [open, over] = [await WaitingRun.at({ metadata: shared }), await WaitingRun.at({ metadata: shared })];
    expect((await over.decide({}, callOf('zoe'))).ok).toBe(true);
    for (const violated of subsets(order.length)) {
      const isViolated = (index: number): boolean => violated.includes(index);
      const waiting = isViolated(3) ? over : open;
      const context = callOf(isViolated(2) ? 'bob' : 'zoe', isViolated(1) ? 'agent' : 'human');
      const change = { ...(isViolated(0) ? { run_id: 'other' } : {}), decision: isViolated(4) ? 'maybe' : 'approve' };
      if (violated.length > 0) expect([violated, short(refusalOf(await waiting.decide(change, context)).code)]).toEqual([violated, order[violated[0] ?? -1]]);
    }
    expect((await open.decide({}, callOf('zoe'))).ok).toBe(true);
  });

  it('a decision that lost the race is answered like one that came too late', async () => {
    const waiting = await WaitingRun.at();
    const { store } = waiting;
    const { append } = store;
    let first = true;
    Object.assign(store, {
      append: async (...args: Parameters<typeof append>) => {
        if (first && args[0].aggregate === 'run') {
          first = false;
          await waiting.decide({ decision: 'cancel' }, callBy(person('cyd')));
        }
        return await append.apply(store, args);
      },
    });
    const [lost, late] = [await waiting.decide({}), await waiting.decide({}, callBy(person('dan')))];
    expect(refusalOf(lost)).toEqual(refusalOf(late));
    expect(refusalOf(lost)).toMatchObject({ code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL', details: { winningDecision: { decision: 'cancel', decided_by: { actor_id: 'cyd' } } } });
  });
});
