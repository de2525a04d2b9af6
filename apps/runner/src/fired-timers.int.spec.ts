import { DefinitionLibrary, RunAdmission, RunExecutor } from '@cs/automation-application';
import type { Eventing } from '@cs/eventing';
import { connectNats, Consumers, ensureStreams, JetStreamEventStore, Precedence, RunSignals, TimerSchedule, type RunningConsumer } from '@cs/jetstream';
import { sha256Hex } from '@cs/platform';
import { JsonataEvaluator } from '@cs/step-runners';
import { eventually, startTestNats, type TestNats } from '@cs/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { timerSubject } from '@cs/contracts';
import { runnerConsumers } from './consumers.js';

/** The due time of every timer names its tenant, and the metrics are told how late it is at a clock that stands. */
const dueAt = { acme: 1000, globex: 2000 } as const;
const now = 5000;

describe('fired timers of several tenants', () => {
  let nats: TestNats;
  let nc: NatsConnection;
  let evaluator: JsonataEvaluator;
  const running: RunningConsumer[] = [];

  beforeAll(async () => {
    nats = await startTestNats({ syncInterval: '2m' });
    nc = await connectNats({ url: nats.url, name: 'test' });
    await ensureStreams(nc);
    evaluator = new JsonataEvaluator();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(running.map((consumer) => consumer.stop()));
    await evaluator.close();
    await nc.close();
    await nats.stop();
  });

  const fire = (org_id: keyof typeof dueAt, count: number): void => {
    for (let timer = 0; timer < count; timer += 1) {
      const run_id = `automation-v2-run-${org_id}-${timer}`;
      const ref = { org_id, workspace_id: 'ops', aggregate: 'run', id: run_id } as const;
      nc.publish(timerSubject('fired', ref, 'w'), JSON.stringify({ org_id, workspace_id: 'ops', run_id, wait_id: 'w', due_at_ms: dueAt[org_id] }));
    }
  };

  /** Starts what a runner listens to; answers the tenants in the order in which their timers are handled. */
  const start = (): readonly (keyof typeof dueAt)[] => {
    const handled: (keyof typeof dueAt)[] = [];
    const eventing: Eventing = { store: new JetStreamEventStore(nc), clock: () => now, digest: sha256Hex };
    const parts = { eventing, definitions: new DefinitionLibrary(eventing), changes: new RunSignals(nc), timers: new TimerSchedule(nc) };
    const executor = new RunExecutor({ ...parts, evaluator, newId: randomUUID, claimantId: 'runner', leaseMs: 15_000, secrets: new Map(), http: { run: () => Promise.reject(new Error('no run executes here')) } });
    const consumers = new Consumers({ nc, eventing, onError: () => undefined });
    const definitions = runnerConsumers({
      executor, wake: parts, admission: new RunAdmission(parts), precedence: new Precedence({ burst: 16, longestMs: 1000 }), stopping: new AbortController().signal,
      metrics: { timerFired: (latenessMs) => handled.push(latenessMs === now - dueAt.acme ? 'acme' : 'globex') },
    });
    running.push(...definitions.map((definition) => consumers.start(definition)));
    return handled;
  };

  it('are handled in turns: a burst of one tenant is in the way of another tenant for no more than what is being handled', async () => {
    fire('acme', 3000);
    fire('globex', 5);
    await nc.flush();
    await eventually(async () => (await (await jetstreamManager(nc)).streams.info('CS_TIMERS')).state.messages === 3005);
    const handled = start();
    await eventually(() => handled.length === 3005, { timeoutMs: 60_000 });
    const last = handled.lastIndexOf('globex');
    expect(handled.filter((tenant) => tenant === 'globex')).toHaveLength(5);
    // Without turns it would be 3004; 256 are handled at a time.
    expect(last).toBeLessThan(1000);
  }, 120_000);
});
