import type { AnsweredQuestion, GovernanceActor } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { callBy, person } from './decide-gate.fixture.js';
import { interleave, type Random } from './gate-race.fixture.js';
import { AskingWorld, post, question, type AskingRun } from './human-requests.fixture.js';

/** What somebody answered, and what they were told. */
export interface Told {
  readonly actor: GovernanceActor;
  readonly answer: number;
  /** What they repeat it under, if they do. */
  readonly key: string | undefined;
  readonly result: Result<AnsweredQuestion>;
}

export interface Raced {
  readonly run: AskingRun;
  readonly request_id: string;
  readonly deadline_ms: number;
  readonly told: readonly Told[];
  readonly cancelled: Result<unknown> | undefined;
  readonly paused: Result<unknown> | undefined;
}

export const lastsMs = 60_000;

/** Fifty answer: some twice under one key, some (now and then, nearly all) what does not fit, and an agent. */
const answerers = (run: AskingRun, request_id: string, random: Random): readonly (() => Promise<Told>)[] => {
  const fitting = random.pick([50, 3, -1]);
  return Array.from({ length: 50 }, (_none, index) => async () => {
    const actor = index === 0 ? ({ kind: 'agent', actor_id: 'agent', source: 'api_key' } as const) : person(`p${random.below(40)}`);
    const answer = index % 11 === 0 || index > fitting ? -1 : random.below(3);
    const key = index % 5 === 0 ? `key-${actor.actor_id}-${answer}` : undefined;
    const result = await run.answer(answer, { request_id, by: callBy(actor), ...(key === undefined ? {} : { command_id: key }) });
    return { actor, answer, key, result };
  });
};

const shuffle = (all: (() => Promise<void>)[], { below }: Random): void => {
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = below(index + 1);
    [all[index], all[other]] = [all[other] ?? (() => Promise.resolve()), all[index] ?? (() => Promise.resolve())];
  }
};

/** Everyone at the same moment, which is the moment of the deadline, too. */
export const race = async (random: Random): Promise<Raced> => {
  const fallback = random.below(2) === 0 ? { default: 1 } : {};
  const run = await AskingWorld.at([question('ask', { schema: { type: 'integer', minimum: 0 }, expires_after_ms: lastsMs, ...fallback }), post('pay', { answer: '{{ nodes.ask.output }}' }, ['ask'])]);
  const { world, run_id } = run;
  const [wait] = await run.open();
  const request_id = wait?.wait_id ?? '';
  const deadline_ms = wait?.wake_at_ms ?? 0;
  world.now = deadline_ms - random.pick([50, 400, 5000]);
  interleave(world, random);
  let cancelled: Raced['cancelled'];
  let paused: Raced['paused'];
  const told: Told[] = [];
  const timer = async (): Promise<void> => {
    for (let delivery = 0; delivery < 10 && (await world.wake(run_id, request_id)).kind !== 'done'; delivery += 1);
  };
  const all = [
    ...answerers(run, request_id, random).map((answer) => async () => void told.push(await answer())), timer, timer,
    async () => void (paused = await world.operate(run_id, 'pause')),
    ...(random.below(3) === 0 ? [async () => void (cancelled = await world.operate(run_id, 'cancel'))] : []),
  ];
  shuffle(all, random);
  await Promise.all(all.map((one) => one()));
  // Where nobody was in time and nobody cancelled, the deadline comes in the end.
  world.now = Math.max(world.now, deadline_ms);
  await timer();
  return { run, request_id, deadline_ms, told, cancelled, paused };
};
