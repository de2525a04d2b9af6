import { automationDefinitionSchema, type WaitSpec } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { automation, evaluator } from './in-memory-application.fixture.js';
import { resolveWaits } from './wait-resolution.js';

const waiting = (wait: Record<string, Json>): WaitSpec | undefined =>
  automationDefinitionSchema.parse(automation([{ node_id: 'wait', objective: 'wait', wait: { kind: 'timer', ...wait } }])).flow.nodes[0]?.wait;
const wakeAt = async (wait: Record<string, Json>, when: Json = null): Promise<number | undefined> => {
  const [timer] = await resolveWaits(waiting(wait), { evaluator, scope: { input: { when } } });
  return timer?.wake_at_ms ?? timer?.delay_ms;
};

describe('when a timer ends', () => {
  it('is its delay after it began', async () => expect(await wakeAt({ delay_ms: 500 })).toBe(500));

  it.each<[Json, number]>([
    [1_700_000_000_000, 1_700_000_000_000],
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['2026-01-02T03:04:05.250+02:00', Date.UTC(2026, 0, 2, 1, 4, 5, 250)],
    ['2026-01-02T03:04Z', Date.UTC(2026, 0, 2, 3, 4)],
  ])('is the instant it names, itself or by an expression: %j', async (instant, expected) => {
    expect(await wakeAt({ wake_at: instant })).toBe(expected);
    expect(await wakeAt({ wake_at: '{{ input.when }}' }, instant)).toBe(expected);
  });

  it.each<[Json]>([['tomorrow'], ['7'], ['2026-01-02'], ['2026-01-02T03:04:05'], ['2026-13-02T03:04:05Z'], [-1], [1.5], [9e15], [null], [true]])(
    'cannot be told from what means another time on another machine, or none: %j',
    async (when) => {
      await expect(wakeAt({ wake_at: '{{ input.when }}' }, when)).rejects.toMatchObject({ path: 'wait.wake_at', message: 'expected Unix milliseconds or an ISO 8601 instant with its zone' });
    },
  );
});
