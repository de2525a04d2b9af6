import { runAggregate } from '@cs/automation-application';
import type { FlowNode, Run } from '@cs/contracts';
import { foldCommit, unwritten, type StoredCommit } from '@cs/eventing';
import { tenant, WaitingRun } from './decide-gate.fixture.js';
import { interleave, openingIn, race, runEvents, seeded, type Opening, type Raced, type Random, type Told } from './gate-race.fixture.js';

/** GATE_RACES (1000, say) looks longer; a failure names its seed, which RACE_SEED repeats. */
const rounds = Number(process.env['GATE_RACES'] ?? 100);
const firstSeed = Number(process.env['RACE_SEED'] ?? 1);

type Gate = Partial<NonNullable<FlowNode['gate']>>;
const approvers = Array.from({ length: 8 }, (_, index) => ({ kind: 'person' as const, id: `p${index}` }));
const gates: readonly [Gate, ...Gate[]] = [{}, {}, { approvals_required: 3 }, { approvals_required: 3, approvers }, { approvals_required: 4, approvers, voting: 'majority' }];
const lastsMs = 60_000;

interface Round {
  readonly openings: readonly Opening[];
  readonly races: readonly Raced[];
  readonly run: Run;
  readonly commits: readonly StoredCommit[];
}

/** Runs a gate, and the one that a rework opens again, to wherever fifty people, an operator and the clock bring it. */
const play = async (random: Random): Promise<Round> => {
  const expiry_policy = { expires_after_ms: lastsMs, on_expiry: random.pick(['cancel', 'resume', 'escalate'] as const) };
  const waiting = await WaitingRun.at({ gate: { ...random.pick(gates), expiry_policy } });
  interleave(waiting, random);
  const races: Raced[] = [];
  for (let opening = 0; opening < 2; opening += 1) {
    waiting.now += lastsMs - random.below(400);
    races.push(await race(waiting, random));
    if ((await waiting.load()).status !== 'queued' || (await waiting.load()).checkpoint.gate_history.at(-1)?.decision !== 'rework') break;
    if (opening === 0) await waiting.reachGate();
  }
  const commits = waiting.store.all().filter(({ ref }) => ref.aggregate === 'run');
  const events = runEvents(commits);
  const openings = races.map((_race, index) => openingIn(events, `automation_v2:${waiting.run_id}:sign:${index + 1}`));
  return { openings, races, run: await waiting.load(), commits };
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
  decided.some((record) => record.decided_by.actor_id === actor_id && record.decision === decision && record.votes === undefined) || votes.some((vote) => vote.voter === actor_id && vote.decision === decision);

describe('fifty decisions, a pause, a cancellation and the expiry of a gate at the same moment', () => {
  beforeAll(() => (played = playAll()), 120_000);

  it('have exactly one outcome for each opening', () =>
    everyRound(({ openings, run, races }) => {
      for (const [index, { decided }] of openings.entries()) {
        const isOpen = run.checkpoint.awaiting_gate !== undefined && index === openings.length - 1;
        const wasStopped = run.status === 'cancelled' && index === openings.length - 1 && races[index]?.cancelled?.ok === true;
        expect([1, decided.length === 0 && (isOpen || wasStopped) ? 1 : decided.length]).toEqual([1, 1]);
      }
    }));

  it('tell nobody of success whose decision or vote did not take effect, and nobody of failure whose did', () =>
    everyRound(({ openings, races }) => {
      for (const { told } of races) for (const one of told.filter(({ result }) => result.ok)) expect(openings.some((opening) => tookEffect(one, opening))).toBe(true);
      const succeeded = races.flatMap(({ told }) => told.filter(({ result }) => result.ok));
      for (const { decided, votes } of openings) {
        for (const record of decided) if (record.votes === undefined && record.decided_by.kind === 'human') expect(succeeded).toContainEqual(expect.objectContaining({ actor_id: record.decided_by.actor_id, decision: record.decision }));
        for (const vote of votes) expect(succeeded).toContainEqual(expect.objectContaining({ actor_id: vote.voter, decision: vote.decision }));
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

  it('come out every way there is', async () => {
    const outcomes = new Map<string, number>();
    for (const [, { openings, run }] of await played) {
      for (const { decided: [record] } of openings) outcomes.set(record?.decision ?? run.status, (outcomes.get(record?.decision ?? run.status) ?? 0) + 1);
    }
    if (rounds >= 100) expect([...outcomes.keys()].sort()).toEqual(['approve', 'awaiting_approval', 'cancel', 'cancelled', 'expired', 'rework', 'timeout_resume']);
  });
});
