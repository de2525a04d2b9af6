import { callBy, person } from './decide-gate.fixture.js';
import { AskingWorld, escalation, post, question, valueOf, withRoles, type AskingRun } from './human-requests.fixture.js';

/** The process ends at this write. */
class Crash extends Error {
  override readonly name = 'Crash';
}

interface Death {
  readonly at: number;
  readonly after: boolean;
}

/** From now on, the write of this number is the last of its process: just before it, or just after. */
const dieAt = ({ store }: AskingWorld, { at, after }: Death): { readonly writes: () => number } => {
  const append = store.append.bind(store);
  let writes = 0;
  store.append = async (...commit) => {
    writes += 1;
    if (writes === at && !after) throw new Crash();
    const result = await append(...commit);
    if (writes === at) throw new Crash();
    return result;
  };
  return { writes: () => writes };
};

/** Does it again as often as its process dies: what the broker, or a caller with its key, would do. */
const insist = async <Value>(attempt: () => Promise<Value>): Promise<Value> => {
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
  throw new Error('it dies again and again');
};

const lea = withRoles(person('lea'), 'lead');
const flow = [question('ask'), escalation('call', {}, { depends_on: ['ask'] }), post('pay', { answer: '{{ nodes.ask.output }}' }, ['call'])];

/** A run that asks a question, then an escalation, then pays; every message and every call comes until it was handled. */
const play = async (death: Death): Promise<{ readonly run: AskingRun; readonly writes: number }> => {
  const world = new AskingWorld();
  valueOf(await world.define(flow));
  const run = await world.start();
  const { writes } = dieAt(world, death);
  let delivery = 0;
  const execute = () => insist(() => {
    // The message comes when the lease of whoever died with it is over.
    world.now += 20_000;
    return run.execute({ by: `runner-${(delivery += 1)}`, redelivered: delivery > 1 });
  });
  await execute();
  const question_id = await run.requestId('ask');
  valueOf(await insist(() => run.answer('yes', { request_id: question_id, command_id: 'key-1', by: callBy(person('bob')) })));
  await execute();
  const escalation_id = await run.requestId('call');
  valueOf(await insist(() => run.respond(true, lea, { request_id: escalation_id, command_id: 'key-2' })));
  await execute();
  return { run, writes: writes() };
};

describe('a process that dies around asking and answering', () => {
  it('asks once, takes one answer, and does once what follows, wherever it dies', async () => {
    const { writes } = await play({ at: 0, after: false });
    expect(writes).toBeGreaterThanOrEqual(5);
    for (let at = 1; at <= writes; at += 1) {
      for (const after of [false, true]) {
        const { run } = await play({ at, after });
        const seen = { at, after, status: (await run.load()).status, asked: run.asked(), keys: new Set(run.world.sent.map(({ idempotency }) => JSON.stringify(idempotency))).size };
        expect(seen).toEqual({ at, after, status: 'completed', asked: ['question_asked', 'question_answered', 'escalation_issued', 'escalation_accepted'], keys: 1 });
      }
    }
  });

  it('takes the default at the deadline once, wherever the runner dies', async () => {
    for (const after of [false, true]) {
      const run = await AskingWorld.at([question('ask', { default: 1, expires_after_ms: 1000 }), post('pay', { answer: '{{ nodes.ask.output }}' }, ['ask'])]);
      const request_id = await run.requestId();
      run.world.now += 2000;
      dieAt(run.world, { at: 1, after });
      await insist(() => run.world.wake(run.run_id, request_id));
      await run.world.wake(run.run_id, request_id);
      await run.execute();
      expect([run.asked(), run.world.sent.map(({ body }) => body)]).toEqual([['question_asked', 'question_timed_out'], [{ answer: 1 }]]);
    }
  });
});
