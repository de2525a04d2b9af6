import fc from 'fast-check';
import { FairTurns } from './fair-turns.js';

/** Takes turns until nobody gets one; every question is answered in full. */
const serve = (turns: FairTurns, limit = 1000): readonly string[] => {
  const served: string[] = [];
  for (let turn = turns.next(); turn !== undefined && served.length < limit; turn = turns.next()) {
    served.push(...Array.from({ length: turn.count }, () => turn.queue));
    turns.wait(turn.queue);
  }
  return served;
};

describe('fair turns', () => {
  it('give a queue that is alone every slot', () => {
    const turns = new FairTurns({ slots: 10 });
    turns.wait('a');
    expect(serve(turns)).toHaveLength(10);
    expect(turns.free).toBe(0);
  });

  it('give the next free slot to whoever holds fewest, however much the others have waiting', () => {
    const turns = new FairTurns({ slots: 10 });
    turns.wait('flood');
    serve(turns);
    turns.wait('late');
    turns.giveBack('flood', 1);
    expect(turns.next()).toEqual({ queue: 'late', count: 1 });
    turns.giveBack('flood', 1);
    turns.wait('late');
    expect(turns.next()).toEqual({ queue: 'late', count: 1 });
  });

  it('take turns where all hold the same', () => {
    const turns = new FairTurns({ slots: 1 });
    for (const queue of ['a', 'b', 'c']) turns.wait(queue);
    const served = Array.from({ length: 6 }, () => {
      const turn = turns.next();
      if (turn === undefined) throw new Error('nobody got a turn');
      turns.giveBack(turn.queue, turn.count);
      turns.wait(turn.queue);
      return turn.queue;
    });
    expect(served).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('leave slots for others where a queue may not have all', () => {
    const turns = new FairTurns({ slots: 10, maxPerQueue: 4 });
    turns.wait('flood');
    expect(serve(turns)).toEqual(['flood', 'flood', 'flood', 'flood']);
    turns.wait('late');
    expect(turns.next()).toMatchObject({ queue: 'late' });
  });

  it('pass over a queue that is held back, which keeps its place', () => {
    const turns = new FairTurns({ slots: 1 });
    for (const queue of ['a', 'b']) turns.wait(queue);
    const isHeldBack = (queue: string): boolean => queue === 'a';
    expect(turns.next(isHeldBack)).toEqual({ queue: 'b', count: 1 });
    turns.giveBack('b', 1);
    turns.wait('b');
    expect(turns.next()).toEqual({ queue: 'a', count: 1 });
    turns.giveBack('a', 1);
    turns.wait('a');
    expect(new FairTurns({ slots: 1 }).next(() => true)).toBeUndefined();
    expect(turns.next(() => true)).toBeUndefined();
  });

  it('keep nothing of a queue that is idle', () => {
    const turns = new FairTurns({ slots: 2 });
    turns.wait('a');
    const turn = turns.next();
    turns.giveBack('a', turn?.count ?? 0);
    expect([turns.free, turns.waiting, turns.heldBy('a')]).toEqual([2, 0, 0]);
  });

  it('share equally among those who always have more, whatever the order in which slots become free', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 6, max: 40 }), fc.array(fc.nat(), { minLength: 300, maxLength: 300 }), (queues, slots, ends) => {
      const turns = new FairTurns({ slots });
      const names = Array.from({ length: queues }, (_, index) => `q${index}`);
      const running: string[] = [];
      const start = (): void => {
        for (const name of names) turns.wait(name);
        running.push(...serve(turns, slots));
      };
      start();
      for (const end of ends) {
        const [ended = ''] = running.splice(end % running.length, 1);
        turns.giveBack(ended, 1);
        start();
        expect(running).toHaveLength(slots);
      }
      const held = names.map((name) => turns.heldBy(name));
      // A run is never taken back, so the shares approach each other as runs end.
      expect(held.reduce((sum, each) => sum + each, 0)).toBe(slots);
      expect(Math.min(...held)).toBeGreaterThan(0);
    }), { numRuns: 25 });
  });
});
