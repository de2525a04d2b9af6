import { ada, callBy, person, refusalOf, WaitingRun } from './decide-gate.fixture.js';

const bob = person('bob');
const notFound = { code: 'AUTOMATION_V2_RUN_NOT_FOUND', message: 'there is no run "automation-v2-run-1"', details: { runID: 'automation-v2-run-1' } };
const requestId = 'automation_v2:automation-v2-run-1:sign';

describe('deciding a gate', () => {
  it('is answered with the run and its position when the decision is in the log and in the archive', async () => {
    const waiting = await WaitingRun.at();
    const result = await waiting.decide({ reason: 'fine' });
    expect(result).toMatchObject({ ok: true, value: { run: { status: 'queued', checkpoint: { gate_history: [{ decision: 'approve', reason: 'fine', decided_by: bob }] } } } });
    const position = waiting.store.all().at(-1)?.position;
    expect([result.ok && result.value.position, waiting.archive.asked]).toEqual([position, [{ position, timeoutMs: 750 }]]);
    expect(waiting.store.all().at(-1)?.commit.events[0]).toMatchObject({ actor: bob, causation_id: 'call-1', correlation_id: 'refunds' });
  });

  it('takes effect once when fifty people decide at the same time; everyone else is told who won, and each refusal is recorded', async () => {
    const waiting = await WaitingRun.at();
    const people = Array.from({ length: 50 }, (_, index) => person(`p${index}`));
    const decisions = ['approve', 'rework', 'cancel'];
    const results = await Promise.all(people.map((actor, index) => waiting.decide({ decision: decisions[index % 3] ?? '', command_id: `key-${index}` }, callBy(actor))));
    const [winner] = (await waiting.load()).checkpoint.gate_history;
    expect([results.filter(({ ok }) => ok).length, waiting.decisions()]).toEqual([1, 1]);
    const refused = results.filter(({ ok }) => !ok).map(refusalOf);
    expect(refused).toHaveLength(49);
    for (const refusal of refused) {
      expect(refusal).toMatchObject({
        code: 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL',
        details: { winningDecision: { node_id: 'sign', decision: winner?.decision, decided_by: winner?.decided_by, decided_at_ms: winner?.decided_at_ms } },
      });
    }
    expect(new Set(waiting.refusals().map(({ actor }) => JSON.stringify(actor))).size).toBe(49);
  });

  it('has one winner also when one person says the same fifty times at the same moment', async () => {
    const waiting = await WaitingRun.at();
    const results = await Promise.all(Array.from({ length: 50 }, () => waiting.decide({ decision: 'approve' })));
    expect([results.filter(({ ok }) => ok).length, waiting.decisions(), waiting.refusals().length]).toEqual([1, 1, 49]);
  });

  it('has one effect and one answer however often the same command comes at the same time', async () => {
    const waiting = await WaitingRun.at();
    const results = await Promise.all(Array.from({ length: 20 }, () => waiting.decide({ command_id: 'key-1' })));
    expect([results.every(({ ok }) => ok), waiting.decisions(), waiting.refusals()]).toEqual([true, 1, []]);
  });

  it('goes back and decides again at the next opening; the card of the first opening decides nothing', async () => {
    const waiting = await WaitingRun.at();
    expect((await waiting.decide({ decision: 'request_changes' })).ok).toBe(true);
    await waiting.reachGate();
    expect(refusalOf(await waiting.decide({ gate_opening_id: `${requestId}:1` }))).toMatchObject({ code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', details: { reason_code: 'gate_opening_id_mismatch' } });
    expect((await waiting.decide({ gate_opening_id: `${requestId}:2` })).ok).toBe(true);
  });
});

describe('a decision that is refused', () => {
  it('is recorded beside the run: who, what and why not', async () => {
    const waiting = await WaitingRun.at();
    const before = (await waiting.load()).version;
    const refusal = refusalOf(await waiting.decide({ decision: 'maybe' }));
    expect(refusal.code).toBe('AUTOMATION_V2_GATE_INVALID_DECISION');
    expect(waiting.refusals()).toEqual([{ actor: bob, data: { run_id: waiting.run_id, code: refusal.code, detail: refusal.message, decision: 'maybe', node_id: 'sign', actor: bob } }]);
    expect((await waiting.load()).version).toBe(before);
  });

  it.each(['agent', 'system'] as const)('comes from an actor of kind "%s": only a person may decide, and the attempt is recorded', async (kind) => {
    const waiting = await WaitingRun.at();
    const actor = { kind, actor_id: 'bot' } as const;
    expect(refusalOf(await waiting.decide({}, callBy(actor)))).toMatchObject({ code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', details: { runID: waiting.run_id, decidedBy: actor } });
    expect(waiting.refusals()).toMatchObject([{ actor, data: { code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', decision: 'approve' } }]);
    expect((await waiting.load()).status).toBe('awaiting_approval');
  });

  it('is told nothing of another tenant or deployment: like a run that nobody has, and unrecorded', async () => {
    const waiting = await WaitingRun.at();
    for (const where of [{ org_id: 'other' }, { workspace_id: 'other' }, { deployment_id: 'eu' }]) {
      expect(refusalOf(await waiting.decide({}, callBy(bob, where)))).toEqual(notFound);
      expect(refusalOf(await waiting.decide({}, callBy({ kind: 'agent' }, where)))).toEqual(notFound);
    }
    const deployed = await WaitingRun.at({ deployment_id: 'eu' });
    expect(refusalOf(await deployed.decide())).toEqual(notFound);
    expect((await deployed.decide({}, callBy(bob, { deployment_id: 'eu' }))).ok).toBe(true);
    expect(waiting.refusals()).toEqual([]);
    expect(refusalOf(await waiting.decide({ run_id: 'other' })).code).toBe('AUTOMATION_V2_RUN_NOT_FOUND');
  });
});

describe('approving what one asked for oneself', () => {
  const consequential = () => WaitingRun.at({ risk_tier: 'money_movement_contract' });

  it('is refused in any spelling of the name, and recorded', async () => {
    const waiting = await consequential();
    for (const name of ['ada', ' ADA ']) {
      expect(refusalOf(await waiting.decide({}, callBy(person(name))))).toMatchObject({
        code: 'AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN', details: { runID: waiting.run_id, automationID: 'refunds', nodeID: 'sign', decidedBy: { actor_id: name } },
      });
    }
    expect(waiting.refusals()).toHaveLength(2);
    expect((await waiting.load()).status).toBe('awaiting_approval');
  });

  it('is refused before it is said that the card is old (domain 5.3)', async () => {
    const waiting = await consequential();
    expect(refusalOf(await waiting.decide({ gate_opening_id: 'old' }, callBy(ada))).code).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect(refusalOf(await waiting.decide({ gate_opening_id: 'old' })).code).toBe('AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED');
  });

  it('does not keep the requester from sending back or cancelling', async () => {
    for (const decision of ['rework', 'cancel']) expect((await (await consequential()).decide({ decision }, callBy(ada))).ok).toBe(true);
  });

  it('is allowed where nothing is at stake, and to everyone else', async () => {
    expect((await (await WaitingRun.at()).decide({}, callBy(ada))).ok).toBe(true);
    expect((await (await consequential()).decide()).ok).toBe(true);
  });

  it('does not fool the gate by another channel with the same name', async () => {
    const waiting = await WaitingRun.at({ risk_tier: 'external_send', requested_by: person('U1', 'slack') });
    expect(refusalOf(await waiting.decide({}, callBy(person('channel:slack:u1')))).code).toBe('AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN');
    expect((await waiting.decide({}, callBy(person('U1', 'telegram')))).ok).toBe(true);
  });
});

describe('an archive that is behind', () => {
  it('makes the answer say that the decision holds; the same command later gets its confirmation', async () => {
    const waiting = await WaitingRun.at();
    waiting.archive.reached = 0;
    const behind = refusalOf(await waiting.decide({ command_id: 'key-1' }));
    expect(behind).toMatchObject({ code: 'ARCHIVE_BEHIND', details: { runID: waiting.run_id, position: waiting.store.all().at(-1)?.position } });
    expect([(await waiting.load()).status, waiting.refusals()]).toEqual(['queued', []]);
    waiting.archive.reached = Number.MAX_SAFE_INTEGER;
    const [first, second] = [await waiting.decide({ command_id: 'key-1' }), await waiting.decide({ command_id: 'key-1' })];
    expect(first).toMatchObject({ ok: true, value: { run: { status: 'queued' }, position: behind.details?.['position'] } });
    expect(second).toEqual(first);
    expect([waiting.decisions(), waiting.refusals()]).toEqual([1, []]);
  });

  it('does not let another decision pass under the same key', async () => {
    const waiting = await WaitingRun.at();
    waiting.archive.reached = 0;
    await waiting.decide({ command_id: 'key-1' });
    waiting.archive.reached = Number.MAX_SAFE_INTEGER;
    expect(refusalOf(await waiting.decide({ command_id: 'key-1', decision: 'cancel' }))).toMatchObject({ code: 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', details: { reason_code: 'command_id_reused' } });
    expect((await waiting.load()).status).toBe('queued');
  });
});
