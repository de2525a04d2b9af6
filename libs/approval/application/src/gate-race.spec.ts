import { canonicalIdentity } from '@cs/approval-domain';
import { runAggregate } from '@cs/automation-application';
import type { DelegationEvent, FlowNode, Run } from '@cs/contracts';
import { foldCommit, unwritten, type StoredCommit } from '@cs/eventing';
import { tenant, WaitingRun } from './decide-gate.fixture.js';
import { delegateAll, interleave, openingIn, race, runEvents, seeded, type Opening, type Raced, type Random, type Told } from './gate-race.fixture.js';
import { gateModel } from './gate-register.fixture.js';
import { linearize } from './linearizable.fixture.js';

/** `npm run gate-races` looks longer; a failure names its seed, which RACE_SEED repeats. */
const rounds = Number(process.env['GATE_RACES'] ?? 100);
const firstSeed = Number(process.env['RACE_SEED'] ?? 1);

type Gate = Partial<NonNullable<FlowNode['gate']>>;
const approvers = [...Array.from({ length: 8 }, (_, index) => `p${index}`), 'channel:slack:c0'].map((id) => ({ kind: 'person' as const, id }));
const gates: readonly [Gate, ...Gate[]] = [{}, {}, { approvers }, { approvals_required: 3 }, { approvals_required: 3, approvers }, { approvals_required: 4, approvers, voting: 'majority' }];
const lastsMs = 60_000;

interface Round {
  readonly openings: readonly Opening[];
  readonly races: readonly Raced[];
  readonly run: Run;
  readonly commits: readonly StoredCommit[];
  readonly delegated: readonly DelegationEvent[];
}

/** Runs a gate, and the one that a rework opens again, to wherever fifty people, an operator and the clock bring it. */
const play = async (random: Random): Promise<Round> => {
  const expiry_policy = { expires_after_ms: lastsMs, on_expiry: random.pick(['cancel', 'resume', 'escalate'] as const) };
  const waiting = await WaitingRun.at({ gate: { ...random.pick(gates), expiry_policy } });
  const delegations = await delegateAll(waiting);
  interleave(waiting, random);
  const races: Raced[] = [];
  for (let opening = 0; opening < 2; opening += 1) {
    waiting.now += lastsMs - random.below(400);
    races.push(await race(waiting, random, opening === 0 && random.below(2) === 0 ? [] : delegations));
    if ((await waiting.load()).status !== 'queued' || (await waiting.load()).checkpoint.gate_history.at(-1)?.decision !== 'rework') break;
    if (opening === 0) await waiting.reachGate();
  }
  const commits = waiting.store.all().filter(({ ref }) => ref.aggregate === 'run');
  const events = runEvents(commits);
  const openings = races.map((_race, index) => openingIn(events, `automation_v2:${waiting.run_id}:sign:${index + 1}`));
  const delegated = waiting.store.all().filter(({ ref }) => ref.aggregate === 'delegation').flatMap(({ commit }) => commit.events as unknown as readonly DelegationEvent[]);
  return { openings, races, run: await waiting.load(), commits, delegated };
};

/** Every round by its seed: a rule that does not hold names it. */
const everyRound = async (rule: (round: Round) => void): Promise<void> => {
  for (const [seed, round] of await played) {
    try {
      rule(round);
    } catch (cause) {
      throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
};

const playAll = async (): Promise<ReadonlyMap<number, Round>> => {
  const all = new Map<number, Round>();
  for (let seed = firstSeed; seed < firstSeed + rounds; seed += 1) all.set(seed, await play(seeded(seed)));
  return all;
};
let played: Promise<ReadonlyMap<number, Round>>;

const tookEffect = ({ actor_id, decision }: Told, { decided, votes }: Opening): boolean =>
  decided.some((record) => record.decided_by.actor_id === actor_id && record.decision === decision && record.votes === undefined) || votes.some((vote) => vote.voted_by.actor_id === actor_id && vote.decision === decision);

describe('fifty decisions of every kind, a pause, a cancellation, a repair and the expiry of a gate at the same moment', () => {
  beforeAll(() => (played = playAll()), 120_000 + rounds * 2000);

  it('have exactly one outcome for each opening', () =>
    everyRound(({ openings, run, races }) => {
      for (const [index, { decided }] of openings.entries()) {
        const isOpen = run.checkpoint.awaiting_gate !== undefined && index === openings.length - 1;
        const wasStopped = index === openings.length - 1 && ((run.status === 'cancelled' && races[index]?.cancelled?.ok === true) || races[index]?.repaired?.ok === true);
        expect([1, decided.length === 0 && (isOpen || wasStopped) ? 1 : decided.length]).toEqual([1, 1]);
      }
    }));

  it('tell nobody of success whose decision or vote did not take effect, and nobody of failure whose did', () =>
    everyRound(({ openings, races }) => {
      for (const { told } of races) for (const one of told.filter(({ result }) => result.ok)) expect(openings.some((opening) => tookEffect(one, opening))).toBe(true);
      const succeeded = races.flatMap(({ told }) => told.filter(({ result }) => result.ok));
      for (const { decided, votes } of openings) {
        for (const record of decided) if (record.votes === undefined && record.decided_by.kind === 'human') expect(succeeded).toContainEqual(expect.objectContaining({ actor_id: record.decided_by.actor_id, decision: record.decision }));
        for (const vote of votes) expect(succeeded).toContainEqual(expect.objectContaining({ actor_id: vote.voted_by.actor_id, decision: vote.decision }));
      }
    }));

  it('have one winner who is told so, and as often as they repeat it under its key', () =>
    everyRound(({ openings, races }) => {
      for (const [index, { decided: [record] }] of openings.entries()) {
        if (record === undefined || record.votes !== undefined || record.decided_by.kind !== 'human') continue;
        const here = races[index]?.told.filter((one) => one.result.ok && one.key === record.command_id && one.decision === record.decision) ?? [];
        expect(record.command_id === undefined ? here.length : here.length > 0).toBe(record.command_id === undefined ? 1 : true);
      }
    }));

  it('name the decision that won to those who come second', () =>
    everyRound(({ races, run }) => {
      for (const { result } of races.flatMap(({ told }) => told)) {
        if (result.ok || result.refusal.code !== 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL') continue;
        const winner = result.refusal.details?.['winningDecision'] as { decided_at_ms: number; decision: string } | undefined;
        if (winner === undefined) expect(run.checkpoint.gate_history.length === 0 || run.checkpoint.dropped_openings !== undefined || run.status === 'cancelled').toBe(true);
        else expect(run.checkpoint.gate_history).toContainEqual(expect.objectContaining({ decision: winner.decision, decided_at_ms: winner.decided_at_ms }));
      }
    }));

  it('count each voter once, and nobody after the outcome', () =>
    everyRound(({ openings, commits }) => {
      for (const { votes, decided: [record] } of openings) {
        expect(new Set(votes.map(({ voter }) => voter)).size).toBe(votes.length);
        expect(new Set(votes.map(({ voted_by: { actor_id = '', source } }) => canonicalIdentity(actor_id, source))).size).toBe(votes.length);
        if (record?.votes !== undefined) expect(record.votes).toEqual(votes);
      }
      const order = runEvents(commits).flatMap((event) => (event.event_type === 'approval_gate_decided' || event.event_type === 'approval_gate_vote_recorded' ? [{ type: event.event_type, opening: event.data.gate_opening_id }] : []));
      const settled = new Set<string>();
      for (const { type, opening } of order) {
        expect(settled.has(opening)).toBe(false);
        if (type === 'approval_gate_decided') settled.add(opening);
      }
    }));

  it('leave answers and history that agree with the log', () =>
    everyRound(({ openings, races, run, commits }) => {
      expect(run.checkpoint.gate_history).toEqual(openings.flatMap(({ decided }) => decided));
      const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run.run_id } as const;
      const folded = commits.reduce((loaded, stored) => {
        const { state: _state, ...commit } = stored.commit;
        return foldCommit(runAggregate, loaded, { ...stored, commit });
      }, unwritten(runAggregate, ref));
      expect(JSON.parse(JSON.stringify(folded.state))).toEqual(JSON.parse(JSON.stringify(run)));
      for (const { result } of races.flatMap(({ told }) => told)) {
        if (result.ok) expect(run.checkpoint.gate_history.slice(0, result.value.run.checkpoint.gate_history.length)).toEqual(result.value.run.checkpoint.gate_history);
      }
    }));

  it('expire no gate before its time, and let nobody decide after it', () =>
    everyRound(({ openings, commits }) => {
      const gatesOf = new Map(runEvents(commits).flatMap((event) => (event.event_type === 'approval_gate_opened' ? [[event.data.gate.gate_opening_id, event.data.gate] as const] : [])));
      for (const record of openings.flatMap(({ decided }) => decided)) {
        const gate = gatesOf.get(record.gate_opening_id);
        if (gate?.expiry_policy?.on_expiry !== 'escalate') expect(record.decided_at_ms >= (gate?.expires_at_ms ?? Infinity)).toBe(record.decided_by.kind === 'system');
      }
    }));

  it('refuse every agent', () =>
    everyRound(({ openings, races }) => {
      for (const { told } of races) expect(told.find(({ actor_id }) => actor_id === 'agent')?.result).toMatchObject({ ok: false, refusal: { code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN' } });
      expect(openings.flatMap(({ votes, decided }) => [...votes.map(({ voter }) => voter), ...decided.map(({ decided_by }) => decided_by.actor_id)])).not.toContain('agent');
    }));

  it('are linearizable: there is one order of all that was asked in which each answer is what a gate that takes one at a time would say', () =>
    everyRound(({ openings, races }) => {
      for (const { operations, before } of races) expect(linearize(operations, gateModel(before, openings))?.length).toBe(operations.length);
    }));

  it('are made by stand-ins under a delegation whose use comes before its end, and say so', () =>
    everyRound(({ openings, delegated }) => {
      const made = openings.flatMap(({ decided, votes }) => [...decided.filter(({ votes: voted }) => voted === undefined).map((record) => ({ ...record, id: record.decision_id, by: record.decided_by })), ...votes.map((vote) => ({ ...vote, id: vote.vote_id, by: vote.voted_by }))]);
      const ended = delegated.findIndex(({ event_type }) => event_type === 'delegation_ended');
      for (const { id, by, on_behalf_of } of made) {
        if (on_behalf_of === undefined) continue;
        const used = delegated.findIndex((event) => event.event_type === 'delegation_used' && event.data.decision_id === id);
        expect([on_behalf_of.stand_in, on_behalf_of.person]).toEqual([by.actor_id, by.actor_id?.replace('s', 'p')]);
        expect(used).toBeGreaterThanOrEqual(0);
        if (on_behalf_of.person === 'p0' && ended >= 0) expect(used).toBeLessThan(ended);
      }
    }));

  it('are taken from people, people in a chat and stand-ins', async () => {
    const sources = new Set([...(await played).values()].flatMap(({ openings }) => openings.flatMap(({ decided, votes }) => [
      ...decided.map(({ decided_by, on_behalf_of }) => (on_behalf_of === undefined ? decided_by.source : 'stand-in')), ...votes.map(({ voted_by, on_behalf_of }) => (on_behalf_of === undefined ? voted_by.source : 'stand-in')),
    ])));
    if (rounds >= 100) expect([...sources]).toEqual(expect.arrayContaining(['api_key', 'slack', 'stand-in']));
  });

  it('come out every way there is', async () => {
    const outcomes = new Map<string, number>();
    for (const [, { openings, run }] of await played) {
      for (const { decided: [record] } of openings) outcomes.set(record?.decision ?? run.status, (outcomes.get(record?.decision ?? run.status) ?? 0) + 1);
    }
    if (rounds >= 100) expect([...outcomes.keys()].sort()).toEqual(['approve', 'awaiting_approval', 'cancel', 'cancelled', 'expired', 'queued', 'rework', 'timeout_resume']);
  });
});
