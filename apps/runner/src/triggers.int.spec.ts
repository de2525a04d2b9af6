import { createHash, randomUUID } from 'node:crypto';
import { consumeHandoff, createAutomation, DefinitionLibrary, depositHandoff, fireSchedule, followSchedule, type FireScheduleOptions } from '@cs/automation-application';
import { localImplicitTenant, type AggregateRef, type CallContext, type ScheduleEvent } from '@cs/contracts';
import type { Eventing, StoredCommit } from '@cs/eventing';
import { connectNats, ensureStreams, JetStreamEventStore } from '@cs/jetstream';
import { JsonataEvaluator } from '@cs/step-runners';
import { startTestNats, type TestNats } from '@cs/testing';
import type { NatsConnection } from '@nats-io/transport-node';

const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'human', actor_id: 'ada' }, correlation_id: 'test' };
const ref = (aggregate: AggregateRef['aggregate'], id: string): AggregateRef => ({ org_id: 'local', workspace_id: 'local', aggregate, id });

describe('runners that act at once on a real log', () => {
  let nats: TestNats;
  const connections: NatsConnection[] = [];
  const evaluator = new JsonataEvaluator();
  let now = 1_000_000;

  const runner = async (): Promise<FireScheduleOptions & { readonly evaluator: JsonataEvaluator; readonly newId: () => string }> => {
    const nc = await connectNats({ url: nats.url, name: 'test' });
    connections.push(nc);
    const eventing: Eventing = { store: new JetStreamEventStore(nc), clock: () => now, digest: (text) => createHash('sha256').update(text).digest('hex') };
    return {
      eventing, evaluator, newId: randomUUID, definitions: new DefinitionLibrary(eventing),
      activeRuns: { find: () => Promise.resolve([]) }, timers: { set: () => Promise.resolve() },
    };
  };
  let runners: Awaited<ReturnType<typeof runner>>[];
  const define = async (id: string, extra: object): Promise<void> => {
    const [first] = runners;
    const flow = { nodes: [{ node_id: 'work', objective: 'work', action: { kind: 'transform', expression: '1' } }] };
    const stored = first && (await createAutomation(first, context, { automation_id: id, name: id, status: 'active', flow, ...extra }));
    if (stored?.ok !== true) throw new Error(JSON.stringify(stored));
  };

  beforeAll(async () => {
    nats = await startTestNats();
    runners = [await runner(), await runner()];
    const [nc] = connections;
    if (nc) await ensureStreams(nc);
  }, 60_000);
  afterAll(async () => {
    await evaluator.close();
    await Promise.all(connections.map((nc) => nc.close()));
    await nats.stop();
  });

  it('a handoff is consumed exactly once under 20 concurrent consumers', async () => {
    await define('watcher', {});
    const [first] = runners;
    const deposited = first && (await depositHandoff(first, context, { automation_id: 'watcher', artifact_type: 'order' }));
    if (deposited?.ok !== true) throw new Error(JSON.stringify(deposited));
    const handoff = ref('handoff', deposited.value.handoff.handoff_id);
    const taken = await Promise.all(Array.from({ length: 10 }, (_none, index) => runners.map(({ eventing }, which) => consumeHandoff(eventing, handoff, { run_id: `run-${index}-${which}`, automation_id: 'watcher' }))).flat());
    expect(taken).toHaveLength(20);
    expect(taken.filter((found) => found !== undefined)).toHaveLength(1);
    const last = await first?.eventing.store.last(handoff);
    expect(last).toMatchObject({ status: 'archived', commit: { version: 2 } });
  });

  it('a fire time leads to one commit and one run, however many say that it has come', async () => {
    await define('ticking', { schedule: { type: 'interval', interval_seconds: 60 } });
    now += 60_000;
    await Promise.all(Array.from({ length: 10 }, () => runners.map((options) => fireSchedule(options, ref('automation', 'ticking')))).flat());
    const store = runners[0]?.eventing.store;
    const fired = (await store?.last(ref('schedule', 'ticking'))) as StoredCommit;
    expect(fired.commit).toMatchObject({ version: 2, events: [{ event_type: 'schedule_fired' }] });
    // Delivered to both, because the first died before it could acknowledge.
    await Promise.all(runners.map((options) => followSchedule(options, fired)));
    const { run_ids } = fired.commit.events[0]?.data as unknown as Extract<ScheduleEvent, { event_type: 'schedule_fired' }>['data'];
    expect(await Promise.all(run_ids.map(async (id) => (await store?.last(ref('run', id)))?.commit.version))).toEqual([1]);
  });
});
