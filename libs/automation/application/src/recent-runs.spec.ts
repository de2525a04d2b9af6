import type { Run } from '@cs/contracts';
import type { Loaded } from '@cs/eventing';
import { toPosition } from '@cs/kernel';
import { RecentRuns } from './recent-runs.js';

const refOf = (id: string, workspace_id = 'ops') => ({ org_id: 'acme', workspace_id, aggregate: 'run', id }) as const;
const loaded = (id: string, stateSize = 1000, position = 1): Loaded<Run | undefined> => ({
  ref: refOf(id), state: undefined, version: 1, position: toPosition(position), lastRecordedAtMs: 1, commitsSinceState: 0, sizeSinceState: 0, stateSize,
});

describe('recent runs', () => {
  it('are given out once, as they were remembered last', () => {
    const recent = new RecentRuns();
    recent.remember(loaded('a'));
    recent.remember(loaded('a', 1000, 7));
    expect(recent.take(refOf('a', 'other'))).toBeUndefined();
    expect(recent.take(refOf('a'))?.position).toBe(7);
    expect(recent.take(refOf('a'))).toBeUndefined();
  });

  it('are the newest ones that fit, and no large ones', () => {
    const recent = new RecentRuns({ maxSize: 3000 });
    for (const id of ['a', 'b', 'c', 'd']) recent.remember(loaded(id));
    recent.remember(loaded('large', 40_000));
    expect(['a', 'b', 'c', 'd', 'large'].filter((id) => recent.take(refOf(id)) !== undefined)).toEqual(['b', 'c', 'd']);
  });

  it('make room again when they are taken', () => {
    const recent = new RecentRuns({ maxSize: 2000 });
    recent.remember(loaded('a'));
    recent.remember(loaded('b'));
    recent.take(refOf('b'));
    recent.remember(loaded('c'));
    expect(recent.take(refOf('a'))).toBeDefined();
  });
});
