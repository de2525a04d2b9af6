import { streams, type AggregateRef, type LetterFacts } from '@cs/contracts';
import { deadLetterAggregate, decideDeadLetter, done, executeCommand, giveUp, loadAggregate, retryLater, type ConsumerOutcome, type DeadLetterState } from '@cs/eventing';
import { eventually } from '@cs/testing';
import { Consumers, type ConsumerDefinition } from './consumers.js';
import type { RunningConsumer } from './consumer.adapter.js';
import { queueOf, startTestLog, type TestLog } from './test-log.fixture.js';

const ada = { kind: 'human', actor_id: 'ada' } as const;
const tenant_context = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' } as const;

describe('a message that was set aside', () => {
  let log: TestLog;
  const running: RunningConsumer[] = [];
  let tests = 0;
  let service = '';
  let durable = '';
  let status = '';
  let queue: ReturnType<typeof queueOf>;
  let outcomes: (() => ConsumerOutcome)[] = [];
  let handled: string[] = [];

  beforeAll(async () => {
    log = await startTestLog();
  }, 60_000);
  beforeEach(() => {
    tests += 1;
    service = `service${tests}`;
    durable = `${service}--things`;
    status = `stuck_${tests}`;
    queue = queueOf(log, status, durable);
    outcomes = [];
    handled = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  });
  afterAll(() => log.close());

  const definition = (): ConsumerDefinition => ({
    stream: streams.log.name, durable, filters: queue.filters, ackWaitMs: 30_000, maxInFlight: 8, maxDeliver: 5,
    handle: (message) => {
      handled.push(message.text());
      return Promise.resolve((outcomes.shift() ?? (() => done))());
    },
  });
  const start = (name = service): void => {
    const consumers = new Consumers({ nc: log.nc, eventing: log.eventing, onError: () => undefined });
    running.push(consumers.start(definition()), consumers.startRetries(name));
  };
  const refOf = (position: number): AggregateRef => ({ org_id: 'acme', workspace_id: 'ops', aggregate: 'dead_letter', id: `${durable}-${position}` });
  const stateOf = async (ref: AggregateRef): Promise<DeadLetterState> => (await loadAggregate({ store: log.eventing.store, aggregate: deadLetterAggregate }, ref)).state;
  const setAside = async (id: string): Promise<AggregateRef> => {
    outcomes.push(() => giveUp('not yet'));
    await queue.publish(id);
    const message = await log.jsm.direct.getMessage(streams.log.name, { last_by_subj: `cs.log.acme.ops.run.${id}.${status}` });
    const ref = refOf(message?.seq ?? 0);
    await eventually(async () => (await stateOf(ref))?.status === 'open');
    return ref;
  };
  const ask = async (ref: AggregateRef, letter: LetterFacts | undefined): Promise<void> => {
    if (letter === undefined) throw new Error('no letter');
    await executeCommand(ref, { eventing: log.eventing, aggregate: deadLetterAggregate, context: { actor: ada }, decide: (state) => decideDeadLetter({ type: 'request_retry', by: ada, reason: 'again', tenant_context, letter }, state) });
  };
  const retry = async (ref: AggregateRef): Promise<void> => ask(ref, (await stateOf(ref))?.letter);

  it('is handled once more when an operator asks for it, and then it is resolved', async () => {
    start();
    const ref = await setAside('a');
    await Promise.all([retry(ref), retry(ref)]);
    await eventually(async () => (await stateOf(ref))?.status === 'resolved');
    expect([handled, (await stateOf(ref))?.retries]).toEqual([['a', 'a'], 1]);
  });

  it('opens again with the reason when it cannot be handled this time either', async () => {
    start();
    const ref = await setAside('b');
    outcomes.push(() => retryLater(1, 'busy'), () => giveUp('still not'));
    await retry(ref);
    await eventually(async () => (await stateOf(ref))?.status === 'open' && handled.length === 3);
    expect(await stateOf(ref)).toMatchObject({ status: 'open', retries: 1 });
  });

  it('is left to the service whose consumer set it aside', async () => {
    start('another');
    const ref = await setAside('c');
    await retry(ref);
    await eventually(async () => (await log.jsm.consumers.info(streams.log.name, 'another--dead-letter-retries')).ack_floor.stream_seq > 0);
    expect([handled, (await stateOf(ref))?.status]).toEqual([['c'], 'retry_requested']);
  });

  it('says so when it is not kept any more', async () => {
    start();
    const ref = await setAside('d');
    const letter = (await stateOf(ref))?.letter;
    const gone: AggregateRef = { ...ref, id: `${durable}-999999` };
    await ask(gone, letter && { ...letter, dead_letter_id: gone.id, stream_sequence: 999_999 });
    await eventually(async () => (await stateOf(gone))?.status === 'open');
    expect(await stateOf(gone)).toMatchObject({ retries: 1 });
    expect(handled).toEqual(['d']);
  });

  it('is not handled when it was closed meanwhile', async () => {
    start();
    const ref = await setAside('e');
    const letter = (await stateOf(ref))?.letter;
    if (letter === undefined) throw new Error('no letter');
    await executeCommand(ref, { eventing: log.eventing, aggregate: deadLetterAggregate, context: {}, decide: (state) => decideDeadLetter({ type: 'close', by: ada, reason: 'no', tenant_context, letter }, state) });
    expect(await stateOf(ref)).toMatchObject({ status: 'ignored' });
    expect(handled).toEqual(['e']);
  });
});
