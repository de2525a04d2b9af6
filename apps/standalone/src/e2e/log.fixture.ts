import { runAggregate } from '@cs/automation-application';
import { toRunRecord } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';
import { foldCommit, unwritten, type Loaded, type LogEntry } from '@cs/eventing';
import { connectNats, JetStreamLogReader } from '@cs/jetstream';
import { noPosition } from '@cs/kernel';
import { jetstreamManager } from '@nats-io/jetstream';

/** Everything in the log, in order. */
export const readLog = async (natsUrl: string): Promise<readonly LogEntry[]> => {
  const nc = await connectNats({ url: natsUrl, name: 'e2e' });
  const stop = new AbortController();
  const entries: LogEntry[] = [];
  const errors: unknown[] = [];
  try {
    const { state } = await (await jetstreamManager(nc)).streams.info('CS_LOG');
    const reader = new JetStreamLogReader(nc, { onError: (error) => void errors.push(error) });
    for await (const batch of reader.batches(noPosition, { maxEntries: 1000, signal: stop.signal })) {
      entries.push(...batch);
      if ((entries.at(-1)?.position ?? 0) >= state.last_seq) break;
    }
    return entries;
  } finally {
    stop.abort();
    await nc.close();
  }
};

/** The runs as a fold of the log, without any help of the states that commits carry. */
export const foldRuns = (entries: readonly LogEntry[]): ReadonlyMap<string, Run> => {
  const runs = new Map<string, Loaded<Run | undefined>>();
  for (const { ref, stored } of entries) {
    if (ref.aggregate !== 'run' || stored === undefined) continue;
    const { state: _state, ...commit } = stored.commit;
    runs.set(ref.id, foldCommit(runAggregate, runs.get(ref.id) ?? unwritten(runAggregate, ref), { ...stored, commit }));
  }
  return new Map([...runs].flatMap(([id, { state }]) => (state === undefined ? [] : [[id, state] as const])));
};

export const recordOf = (run: Run): unknown => JSON.parse(JSON.stringify(toRunRecord(run)));

/** Log positions of everything in the published stream, in order. */
export const publishedPositions = async (natsUrl: string): Promise<readonly number[]> => {
  const nc = await connectNats({ url: natsUrl, name: 'e2e' });
  try {
    const jsm = await jetstreamManager(nc);
    const { state } = await jsm.streams.info('CS_EVENTS');
    const positions: number[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await jsm.streams.getMessage('CS_EVENTS', { seq });
      if (message) positions.push(Number(message.header.get('ce-position')));
    }
    return positions;
  } finally {
    await nc.close();
  }
};
