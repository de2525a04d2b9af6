import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aggregateSubjects } from '@cs/contracts';
import { appendEvents, unwritten } from '@cs/eventing';
import { attempt, attemptLog, attemptLogRef } from '@cs/testing';
import { jetstream } from '@nats-io/jetstream';
import { JetStreamAggregateHistory } from './aggregate-history.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

let log: TestLog;

beforeAll(async () => {
  log = await startTestLog();
}, 60_000);
afterAll(() => log.close());

const write = async (id: string, commits: number, reason = 'because'): Promise<readonly number[]> => {
  let loaded = unwritten(attemptLog, attemptLogRef(id));
  const positions: number[] = [];
  for (let commit = 1; commit <= commits; commit += 1) {
    const result = await appendEvents({ eventing: log.eventing, aggregate: attemptLog }, loaded, { events: [attempt(commit, reason)], context: { at_ms: commit } });
    if (result.kind === 'conflict') throw new Error('nobody else writes here');
    loaded = result.loaded;
    positions.push(loaded.position);
  }
  return positions;
};

describe('the history of an aggregate', () => {
  it('has every commit of it in order, and none of another', async () => {
    const history = new JetStreamAggregateHistory(log.nc);
    const first = await write('one', 2);
    await write('other', 3);
    const more = await write('large', 1, 'x'.repeat(300_000));
    expect((await history.commitsOf(attemptLogRef('one'))).map(({ position }) => Number(position))).toEqual(first);
    const [large] = await history.commitsOf(attemptLogRef('large'));
    expect({ position: Number(large?.position), size: (large?.body.length ?? 0) > 300_000, isRead: large?.stored !== undefined }).toEqual({ position: more[0], size: true, isRead: true });
    expect(await history.commitsOf(attemptLogRef('nobody'))).toEqual([]);
  });

  it('has commits that cannot be read, and says why', async () => {
    const subject = aggregateSubjects(attemptLogRef('broken')).replace('*', 'open');
    await jetstream(log.nc).publish(subject, 'no JSON');
    const [entry] = await new JetStreamAggregateHistory(log.nc).commitsOf(attemptLogRef('broken'));
    expect(entry).toMatchObject({ subject, body: 'no JSON', unreadable: expect.stringContaining('not JSON') as unknown });
  });
});
