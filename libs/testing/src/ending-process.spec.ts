import { InMemoryEventStore } from '@cs/eventing';
import { buildCommit, recordEvents, unwritten } from '@cs/eventing';
import { attempt, attemptLog, attemptLogRef } from './attempt-log.js';
import { sha256 } from './deterministic.js';
import { CrashingEventStore, EndingProcess, type CrashPoint } from './ending-process.js';

const ref = attemptLogRef('d-1');

/** Two appends, one after the other; what the log holds and how far the process came. */
const appendTwice = async (at?: CrashPoint): Promise<{ stored: number; reached: number; process: EndingProcess }> => {
  const inner = new InMemoryEventStore();
  const process = new EndingProcess(at);
  const store = new CrashingEventStore(inner, process);
  let reached = 0;
  const work = async (): Promise<void> => {
    let loaded = unwritten(attemptLog, ref);
    for (const number of [1, 2]) {
      const events = recordEvents(ref, [attempt(number)], { context: { at_ms: number }, digest: sha256 });
      const { commit } = buildCommit(attemptLog, loaded, { events, next: loaded.state, digest: sha256 });
      const result = await store.append(ref, 'retrying', commit);
      if (result.kind === 'appended') loaded = { ...loaded, position: result.position, version: commit.version };
      reached += 1;
    }
  };
  await Promise.race([work(), process.ended]);
  await new Promise((resolve) => setImmediate(resolve));
  return { stored: inner.all().length, reached, process };
};

describe('a process that ends at one of its writes', () => {
  it('lives without a crash point, and names what it wrote', async () => {
    const { stored, reached, process } = await appendTwice();
    expect([stored, reached, process.isOver]).toEqual([2, 2, false]);
    expect(process.writes).toEqual(['append delivery delivery_attempt_failed', 'append delivery delivery_attempt_failed']);
  });

  it('ends before its write reaches the log, and does nothing more', async () => {
    expect(await appendTwice({ write: 2, when: 'before' })).toMatchObject({ stored: 1, reached: 1, process: { isOver: true } });
  });

  it('ends after its write reached the log, without hearing of it', async () => {
    expect(await appendTwice({ write: 1, when: 'after' })).toMatchObject({ stored: 1, reached: 0, process: { isOver: true } });
  });

  it('answers nothing to whatever it still waits for', async () => {
    const process = new EndingProcess();
    let answered = false;
    void process.while(() => new Promise((resolve) => setImmediate(resolve))).then(() => (answered = true));
    process.end();
    void process.write('late', () => Promise.resolve((answered = true)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(answered).toBe(false);
  });
});
