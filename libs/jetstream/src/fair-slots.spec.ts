import { setImmediate as nextTurn } from 'node:timers/promises';
import { FairSlots } from './fair-slots.js';

/** Tasks that say when they begin and end when they are told to. */
const world = (slots: number) => {
  const stop = new AbortController();
  const fair = new FairSlots({ slots, stopping: stop.signal });
  const begun: string[] = [];
  const ends = new Map<string, (failure?: Error) => void>();
  const begin = (queue: string, name: string): Promise<unknown> =>
    fair.use(queue, () => new Promise<void>((resolve, reject) => {
      begun.push(name);
      ends.set(name, (failure) => (failure === undefined ? resolve() : reject(failure)));
    })).catch((error: unknown) => error);
  const end = async (name: string, failure?: Error): Promise<void> => {
    ends.get(name)?.(failure);
    await nextTurn();
  };
  return { begin, end, begun, stop: () => stop.abort() };
};

describe('fair slots', () => {
  it('give a queue that comes later the next slot, however many of another one wait', async () => {
    const { begin, end, begun } = world(4);
    for (let task = 0; task < 1000; task += 1) void begin('acme.ops', `a${task}`);
    void begin('globex.ops', 'b0');
    await nextTurn();
    expect(begun).toEqual(['a0', 'a1', 'a2', 'a3']);
    await end('a2');
    expect(begun.slice(4)).toEqual(['b0']);
    await end('b0');
    expect(begun.slice(5)).toEqual(['a4']);
  });

  it('begin tasks of one queue in their order, and never more at a time than there are', async () => {
    const { begin, end, begun } = world(2);
    for (const name of ['a', 'b', 'c', 'd', 'e']) void begin('acme.ops', name);
    await nextTurn();
    expect(begun).toEqual(['a', 'b']);
    for (const name of ['b', 'a', 'c', 'd', 'e']) await end(name);
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('free the slot of a task that fails, and pass its failure on', async () => {
    const { begin, end, begun } = world(1);
    const failed = begin('acme.ops', 'a');
    void begin('acme.ops', 'b');
    await nextTurn();
    await end('a', new Error('boom'));
    expect(await failed).toEqual(new Error('boom'));
    expect(begun).toEqual(['a', 'b']);
  });

  it('begin nothing more once everything stops, and let what waits go at once', async () => {
    const { begin, end, begun, stop } = world(1);
    const first = begin('acme.ops', 'a');
    const waiting = [begin('acme.ops', 'b'), begin('globex.ops', 'c')];
    await nextTurn();
    stop();
    expect(await Promise.all([...waiting, begin('acme.ops', 'd')])).toEqual([undefined, undefined, undefined]);
    await end('a');
    await first;
    expect(begun).toEqual(['a']);
  });
});
