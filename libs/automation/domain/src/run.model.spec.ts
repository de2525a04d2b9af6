import fc from 'fast-check';
import { bounds } from './happening.fixture.js';
import { evolveRun, type RecordedRunEvent } from './run-evolution.js';
import { drive, verdicts, type Verdicts } from './run-driver.fixture.js';
import { runHappenings } from './run-happenings.fixture.js';
import { randomDefinition } from './random-definition.fixture.js';
import { RunWorld } from './run-world.fixture.js';
import { isFinished, type RunState } from './run.state.js';

/** Hundreds of runs: seconds on a busy machine. */
const timeoutMs = 120_000;

const fold = (events: readonly RecordedRunEvent[]): RunState => events.reduce<RunState>((state, event) => evolveRun(state, event), undefined);

/** The world after anything happened, in any order. */
const play = (property: (world: RunWorld, people: Verdicts) => void) =>
  fc.property(randomDefinition(), fc.commands([...runHappenings], { maxCommands: 100, size: 'max' }), verdicts, (definition, commands, decided) => {
    const world = new RunWorld(definition);
    fc.modelRun(() => ({ model: {}, real: world }), commands);
    property(world, decided);
  });

describe('a run, whatever runners, timers, senders and people do to it', () => {
  it('keeps every invariant, and comes to its end when it is driven fairly', () => {
    const unseen = new Set(['blocked', 'cancelled', 'completed', 'failed']);
    const property = play((world, decided) => {
      drive(world, decided);
      expect(isFinished(world.run.status)).toBe(true);
      unseen.delete(world.run.status);
    });
    // The property says little when it does not get everywhere; some ends are rare.
    for (let round = 0; round === 0 || (unseen.size > 0 && round < 10); round += 1) fc.assert(property, bounds);
    expect([...unseen]).toEqual([]);
  }, timeoutMs);

  it('is the same however often it is folded, from events as they are and as the log returns them', () => {
    fc.assert(
      play(({ run, events }) => {
        const read = JSON.parse(JSON.stringify(events)) as RecordedRunEvent[];
        expect(fold(events)).toEqual(run);
        expect(fold(read)).toEqual(run);
      }),
      { ...bounds, numRuns: Math.ceil(bounds.numRuns / 3) },
    );
  }, timeoutMs);
});
