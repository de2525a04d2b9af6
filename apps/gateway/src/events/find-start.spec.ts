import fc from 'fast-check';
import { afterCommit, isAfter, parseEventId, writeEventId, type EventId } from './event-id.js';
import { findStart, type EventSequence } from './find-start.js';

interface Stored {
  readonly sequence: number;
  readonly id: EventId;
}

const streamOf = (stored: readonly Stored[], first = stored[0]?.sequence ?? 1): EventSequence & { reads: number } => ({
  reads: 0,
  first,
  last: stored.at(-1)?.sequence ?? first - 1,
  at(sequence) {
    this.reads += 1;
    return Promise.resolve(stored.find((event) => event.sequence >= sequence));
  },
});

/** Events in log order; some sequences are missing, as after a removal. */
const storedEvents = fc
  .record({ first: fc.integer({ min: 1, max: 50 }), gaps: fc.array(fc.record({ sequence: fc.integer({ min: 1, max: 3 }), position: fc.integer({ min: 0, max: 3 }) }), { maxLength: 60 }) })
  .map(({ first, gaps }) => {
    let sequence = first - 1;
    let id: EventId = { position: 1, index: -1 };
    return gaps.map((gap) => {
      sequence += gap.sequence;
      id = gap.position === 0 ? { position: id.position, index: id.index + 1 } : { position: id.position + gap.position, index: 0 };
      return { sequence, id };
    });
  });

describe('where a stream resumes', () => {
  it('is the first event after the place that was asked for', async () => {
    await fc.assert(fc.asyncProperty(storedEvents, fc.integer({ min: 0, max: 150 }), fc.option(fc.integer({ min: 0, max: 5 })), async (stored, position, index) => {
      const after = index === null ? afterCommit(position) : { position, index };
      const { sequence } = await findStart(after, streamOf(stored));
      expect(stored.find((event) => event.sequence >= sequence)).toEqual(stored.find((event) => isAfter(event.id, after)));
    }));
  });

  it('is found with few reads', async () => {
    const stored = Array.from({ length: 4096 }, (_, index) => ({ sequence: index + 1, id: { position: index + 1, index: 0 } }));
    const stream = streamOf(stored);
    expect(await findStart({ position: 1000, index: 0 }, stream)).toEqual({ sequence: 1001, gap: false });
    expect(stream.reads).toBeLessThanOrEqual(13);
  });

  it('tells that events may be missing when the stream begins later than the place', async () => {
    const stored = [{ sequence: 10, id: { position: 70, index: 0 } }, { sequence: 11, id: { position: 71, index: 0 } }];
    expect(await findStart({ position: 5, index: 0 }, streamOf(stored))).toEqual({ sequence: 10, gap: true });
    expect(await findStart({ position: 70, index: 0 }, streamOf(stored))).toEqual({ sequence: 11, gap: false });
    expect(await findStart({ position: 5, index: 0 }, streamOf([]))).toEqual({ sequence: 1, gap: false });
  });
});

describe('the id of an event', () => {
  it('reads back as written', () => {
    expect(parseEventId(writeEventId({ position: 1024, index: 3 }))).toEqual({ position: 1024, index: 3 });
  });

  it.each(['', '5', '5.', '.5', '5.1.2', '-1.0', '1e3.0', '5.0 ', '9999999999999999.0'])('is not %j', (text) => {
    expect(parseEventId(text)).toBeUndefined();
  });
});
