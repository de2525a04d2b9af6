import { decideWebhookDelivery, type WebhookDeliveryCommand } from '@cs/automation-domain';
import type { AggregateRef } from '@cs/contracts';
import { executeCommand, type ConsumerOutcome } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { nodes, valueOf } from '../in-memory-application.fixture.js';
import { Crash } from '../step-world.fixture.js';
import { routeDelivery } from './route-delivery.command-handler.js';
import { webhookDeliveryAggregate } from './webhook.aggregates.js';
import { WebhookWorld } from './webhook-world.fixture.js';

const waits: Json = { node_id: 'paid', objective: 'paid', wait: { kind: 'webhook', trigger_id: 'TRIGGER', timeout: { expires_after_ms: 600_000, on_timeout: 'cancel' } } };

/** An automation with a trigger, whose runs wait for it or are started by it. */
const world = async (starts_runs: boolean): Promise<WebhookWorld> => {
  const webhooks = new WebhookWorld();
  await webhooks.define('hooked', [nodes.transform('work', '1')]);
  await webhooks.trigger(starts_runs);
  if (starts_runs) return webhooks;
  await webhooks.define('waiting', [JSON.parse(JSON.stringify(waits).replace('TRIGGER', webhooks.trigger_id)) as Json]);
  return webhooks;
};
const park = async (webhooks: WebhookWorld): Promise<string> => {
  const run_id = await webhooks.startOf('waiting');
  await webhooks.execute(webhooks.messages(run_id).at(-1));
  return run_id;
};
const woken = async (webhooks: WebhookWorld): Promise<readonly string[]> =>
  (await webhooks.runs()).flatMap(({ checkpoint }) => (checkpoint.ended_waits ?? []).map(({ wake_idempotency_key }) => wake_idempotency_key?.split(':').at(-1) ?? ''));

/** Repeats what a caller or a sender repeats when its request got no answer. */
const insist = async <Value>(request: () => Promise<Value>): Promise<Value> => {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return await request();
  }
};

/** Every point at which the process can end, until one comes after the last write. */
const atEveryWrite = async (scenario: (crash: { readonly at: number; readonly after: boolean }) => Promise<boolean>): Promise<number> => {
  for (let at = 1; ; at += 1) {
    const reached = [await scenario({ at, after: false }), await scenario({ at, after: true })];
    if (reached.includes(false)) return at - 1;
  }
};

describe('a process that ends before or after any of its writes', () => {
  it('loses no delivery and starts one run for it', async () => {
    const points = await atEveryWrite(async ({ at, after }) => {
      const webhooks = await world(true);
      webhooks.crash = { at: webhooks.writes + at, after };
      const { receipt } = valueOf(await insist(() => webhooks.receive({ order: 7 })));
      await webhooks.follow();
      expect(await webhooks.runs()).toMatchObject([{ trigger_type: 'webhook', input: { body: { order: 7 }, delivery_id: receipt.delivery_id } }]);
      expect(await webhooks.deliveries()).toMatchObject([{ stage: 'settled' }]);
      return webhooks.writes >= webhooks.crash.at;
    });
    expect(points).toBeGreaterThanOrEqual(4);
  });

  it('loses no delivery and wakes one wait with it', async () => {
    const points = await atEveryWrite(async ({ at, after }) => {
      const webhooks = await world(false);
      await park(webhooks);
      await park(webhooks);
      webhooks.crash = { at: webhooks.writes + at, after };
      const { receipt } = valueOf(await insist(() => webhooks.receive({ order: 7 })));
      await webhooks.follow();
      expect(await woken(webhooks)).toEqual([receipt.delivery_id]);
      expect(await webhooks.deliveries()).toMatchObject([{ stage: 'settled' }]);
      return webhooks.writes >= webhooks.crash.at;
    });
    expect(points).toBeGreaterThanOrEqual(4);
  });

  it('leaves one trigger when its creation is asked for again, and no address that nobody was told', async () => {
    const points = await atEveryWrite(async ({ at, after }) => {
      const webhooks = new WebhookWorld();
      await webhooks.define('hooked', [nodes.transform('work', '1')]);
      const crash = { at: webhooks.writes + at, after };
      webhooks.crash = crash;
      await insist(() => webhooks.trigger(true));
      const reached = webhooks.writes >= crash.at;
      webhooks.crash = undefined;
      expect(webhooks.app.commits('webhook_trigger')).toEqual(['webhook_trigger_created']);
      if (webhooks.token !== '') expect((await webhooks.receive({ order: 1 })).ok).toBe(true);
      return reached;
    });
    expect(points).toBeGreaterThanOrEqual(2);
  });
});

/** A small generator, so that a failure names the seed that repeats it (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
};

/** Deliveries come and waits open while consumers, several at once, get commits in any order, twice, and with projections that lag. */
const interleave = async (seed: number): Promise<{ readonly webhooks: WebhookWorld; readonly sent: number; readonly opened: number }> => {
  const random = randomOf(seed);
  const webhooks = await world(false);
  const { store } = webhooks.app;
  for (const name of ['append', 'last'] as const) {
    const real = store[name].bind(store) as (...args: unknown[]) => Promise<never>;
    store[name] = async (...args: unknown[]) => {
      for (let turns = random(4); turns > 0; turns -= 1) await Promise.resolve();
      return await real(...args);
    };
  }
  const [sent, opened] = [1 + random(4), 1 + random(4)];
  const ahead: (() => Promise<unknown>)[] = [...Array.from({ length: sent }, (_none, n) => () => webhooks.receive({ n })), ...Array.from({ length: opened }, () => () => park(webhooks))];
  const pending: (() => Promise<ConsumerOutcome>)[] = [];
  let followed = 0;
  while (ahead.length > 0 || pending.length > 0 || followed < store.all().length) {
    const acts: Promise<unknown>[] = [];
    if (ahead.length > 0 && random(2) === 0) acts.push(...ahead.splice(random(ahead.length), 1).map((act) => act()));
    if (random(2) === 0 || ahead.length === 0) webhooks.projected = Math.max(webhooks.projected, store.all().length - random(3));
    for (const commit of store.all().slice(followed)) pending.push(...Array.from({ length: 1 + random(2) }, () => webhooks.taskOf(commit)).filter((task) => task !== undefined));
    followed = store.all().length;
    const batch = Array.from({ length: Math.min(pending.length, 1 + random(3)) }, () => pending.splice(random(pending.length), 1)).flat();
    acts.push(...batch.map(async (task) => void ((await task()).kind === 'retry-later' && pending.push(task))));
    await Promise.all(acts);
  }
  return { webhooks, sent, opened };
};

describe('the router and the scan of a wait that opens', () => {
  it('together lose no delivery and give none to two waits, in any interleaving', async () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { webhooks, sent, opened } = await interleave(seed);
      const ids = await woken(webhooks);
      const stages = (await webhooks.deliveries()).map(({ stage }) => stage).sort();
      const matched = Math.min(sent, opened);
      expect({ seed, woken: ids.length, once: new Set(ids).size, stages }).toEqual({
        seed, woken: matched, once: matched, stages: [...Array.from({ length: matched }, () => 'settled'), ...Array.from({ length: sent - matched }, () => 'unmatched')],
      });
    }
  });

  it('end every wait that opens at once with others, also when others take all the deliveries that are listed', async () => {
    const webhooks = await world(false);
    for (let n = 0; n < 6; n += 1) await webhooks.receive({ n });
    await webhooks.follow();
    webhooks.listed = 2;
    const before = webhooks.app.store.all().length;
    for (let n = 0; n < 5; n += 1) await park(webhooks);
    webhooks.projected = webhooks.app.store.all().length;
    // All of them ask before any of them takes.
    const scans = webhooks.app.store.all().slice(before).map((commit) => webhooks.taskOf(commit)).filter((task) => task !== undefined);
    let open: readonly (() => Promise<ConsumerOutcome>)[] = scans;
    for (let round = 0; open.length > 0 && round < 10; round += 1) {
      const outcomes = await Promise.all(open.map((scan) => scan()));
      open = open.filter((_scan, index) => outcomes[index]?.kind === 'retry-later');
    }
    const given = (await webhooks.deliveries()).flatMap(({ target }) => (target === undefined ? [] : [target.run_id]));
    expect([scans.length, open.length, new Set(given).size]).toEqual([5, 0, 5]);
    await webhooks.follow();
    expect(new Set(await woken(webhooks)).size).toBe(5);
    expect((await webhooks.deliveries()).map(({ stage }) => stage).sort()).toEqual(['settled', 'settled', 'settled', 'settled', 'settled', 'unmatched']);
  });

  it('give a delivery that lost fifty waits to others one of those that are open, and each of several another one', async () => {
    const webhooks = await world(false);
    const { store } = webhooks.app;
    const several = 3;
    for (let n = 0; n < several; n += 1) valueOf(await webhooks.receive({ n }));
    const refs = store.all().filter(({ ref }) => ref.aggregate === 'webhook_delivery').map(({ ref }) => ref);
    const decide = (ref: AggregateRef, command: WebhookDeliveryCommand) => executeCommand(ref, { eventing: webhooks.app.eventing, aggregate: webhookDeliveryAggregate, context: {}, decide: (state) => decideWebhookDelivery(command, state) });
    for (const ref of refs) {
      for (let lost = 0; lost < 50; lost += 1) {
        const target = { kind: 'wait', run_id: 'automation-v2-run-gone', wait_id: `w${lost}` } as const;
        await decide(ref, { type: 'consume', target });
        await decide(ref, { type: 'release', target, reason: 'the wait has ended' });
      }
    }
    for (let n = 0; n < several; n += 1) await park(webhooks);
    webhooks.projected = store.all().length;
    let followed = webhooks.projected;
    let pending = refs.map((ref) => () => routeDelivery(webhooks.routes, ref, followed));
    for (let round = 0; round < 20 && pending.length > 0; round += 1) {
      const outcomes = await Promise.all(pending.map((task) => task()));
      const later = pending.filter((_task, index) => outcomes[index]?.kind === 'retry-later');
      const news = store.all().slice(followed).filter(({ ref }) => ref.aggregate === 'webhook_delivery').map((commit) => webhooks.taskOf(commit)).filter((task) => task !== undefined);
      pending = [...later, ...news];
      followed = store.all().length;
      webhooks.projected = followed;
    }
    expect(new Set(await woken(webhooks)).size).toBe(several);
    expect((await webhooks.deliveries()).map(({ stage }) => stage)).toEqual(['settled', 'settled', 'settled']);
  });
});
