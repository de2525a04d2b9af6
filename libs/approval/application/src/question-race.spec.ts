import { runAggregate } from '@cs/automation-application';
import type { Run, RunEvent } from '@cs/contracts';
import { foldCommit, unwritten } from '@cs/eventing';
import { tenant } from './decide-gate.fixture.js';
import { seeded } from './gate-race.fixture.js';
import { race, type Raced, type Told } from './question-race.fixture.js';

/** QUESTION_RACES (1000, say) looks longer; a failure names its seed, which RACE_SEED repeats. */
const rounds = Number(process.env['QUESTION_RACES'] ?? 60);
const firstSeed = Number(process.env['RACE_SEED'] ?? 1);

interface Round extends Raced {
  readonly state: Run;
  readonly ends: readonly RunEvent[];
}

const endTypes: ReadonlySet<string> = new Set(['question_answered', 'question_timed_out', 'human_request_cancelled']);

const play = async (seed: number): Promise<Round> => {
  const raced = await race(seeded(seed));
  return { ...raced, state: await raced.run.load(), ends: raced.run.events().filter(({ event_type }) => endTypes.has(event_type)) };
};

let played: Promise<ReadonlyMap<number, Round>>;
const playAll = async (): Promise<ReadonlyMap<number, Round>> => {
  const all = new Map<number, Round>();
  for (let seed = firstSeed; seed < firstSeed + rounds; seed += 1) all.set(seed, await play(seed));
  return all;
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

const answered = ({ ends }: Round) => ends.find((event) => event.event_type === 'question_answered')?.data;
const succeeded = ({ told }: Round): readonly Told[] => told.filter(({ result }) => result.ok);
const codeOf = ({ result }: Told): string => (result.ok ? 'ok' : result.refusal.code);

describe('fifty answers, the deadline, a pause and a cancellation at the same moment', () => {
  beforeAll(() => (played = playAll()), 120_000);

  it('have exactly one outcome', () =>
    everyRound(({ ends, state, request_id }) => {
      expect(ends).toHaveLength(1);
      expect(state.checkpoint.ended_requests?.map((ended) => ended.request_id)).toEqual([request_id]);
      expect(state.checkpoint.open_waits).toEqual([]);
    }));

  it('tell exactly the winner of success, and as often as they repeat it under its key', () =>
    everyRound((round) => {
      const winner = answered(round);
      const winners = succeeded(round);
      if (winner === undefined) return expect(winners).toEqual([]);
      expect(winners.length).toBeGreaterThan(0);
      for (const { actor, answer, key } of winners) expect([actor.actor_id, answer, key]).toEqual([winner.answered_by.actor_id, winner.answer, winner.command?.command_id]);
      if (winner.command === undefined) expect(winners).toHaveLength(1);
    }));

  it('name the end that won to those who come second', () =>
    everyRound((round) => {
      const end = round.state.checkpoint.ended_requests?.[0];
      for (const told of round.told) {
        if (told.result.ok || codeOf(told) !== 'AUTOMATION_V2_HUMAN_REQUEST_NOT_PENDING') continue;
        expect(told.result.refusal.details?.['winningResponse']).toMatchObject({ status: end?.status, ended_at_ms: end?.ended_at_ms });
      }
    }));

  it('take nothing after the deadline, and time nobody out before it', () =>
    everyRound((round) => {
      const winner = answered(round);
      if (winner !== undefined) expect(winner.answered_at_ms).toBeLessThan(round.deadline_ms);
      const ended = round.state.checkpoint.ended_requests?.[0];
      if (round.ends[0]?.event_type === 'question_timed_out') expect(ended?.ended_at_ms).toBeGreaterThanOrEqual(round.deadline_ms);
    }));

  it('never take what does not fit, nor an agent', () =>
    everyRound(({ told, ...round }) => {
      for (const one of told) if (one.answer < 0 || one.actor.kind === 'agent') expect(one.result.ok).toBe(false);
      expect(answered({ told, ...round })?.answer).not.toBe(-1);
    }));

  it('record every refusal, without the answer', () =>
    everyRound(({ told, run }) => {
      const refused = told.filter(({ result }) => !result.ok && result.refusal.code !== 'CONCURRENT_CHANGE');
      expect(run.world.refusals()).toHaveLength(refused.length);
    }));

  it('leave a run that agrees with its log', () =>
    everyRound(({ run, state }) => {
      const ref = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run.run_id } as const;
      const folded = run.world.store.all().filter((stored) => stored.ref.id === run.run_id).reduce((loaded, stored) => {
        const { state: _state, ...commit } = stored.commit;
        return foldCommit(runAggregate, loaded, { ...stored, commit });
      }, unwritten(runAggregate, ref));
      expect(JSON.parse(JSON.stringify(folded.state))).toEqual(JSON.parse(JSON.stringify(state)));
    }));

  it('come out every way there is', async () => {
    const outcomes = new Set([...(await played).values()].map(({ ends: [end], state }) => `${end?.event_type} ${state.checkpoint.ended_requests?.[0]?.status}`));
    if (rounds >= 60) expect([...outcomes].sort()).toEqual(['human_request_cancelled cancelled', 'question_answered answered', 'question_timed_out answered', 'question_timed_out timed_out']);
  });
});
