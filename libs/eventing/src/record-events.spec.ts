import type { DeliveryEvent, RunEvent } from '@cs/contracts';
import fc from 'fast-check';
import { unwritten, type Loaded } from './aggregate.js';
import { attempts, digest, failed, ref, sent, type Attempts } from './attempts.fixture.js';
import { buildCommit, longestStateInterval, nextTime, recordEvents, stateInterval } from './record-events.js';

const context = { at_ms: 5000, actor: { kind: 'human', actor_id: 'ada' }, causation_id: 'cause', correlation_id: 'automation' } as const;
const record = (events: readonly DeliveryEvent[], of = ref) => recordEvents(of, events, { context, digest });
const idsOf = (events: readonly DeliveryEvent[], of = ref) => record(events, of).map(({ event_id }) => event_id);

describe('the identity of events', () => {
  it('is the one of the rule: a readable prefix, 24 digits of the hash over what it says, and the occurrence', () => {
    const event: RunEvent = { event_type: 'run_cancelled', data: { reason: 'why not', stop_kind: 'user' } };
    const [recorded] = recordEvents({ ...ref, aggregate: 'run', id: 'run-1' }, [event], { context, digest });
    // Keys in alphabetical order, absent values null: written out by hand from domain 7.2.
    const identity = '{"automation_id":"automation","event":"run_cancelled","metadata":{"reason":"why not","stop_kind":"user"},"reason":"why not","recorded_at_ms":5000,"run_id":"run-1","stop_kind":"user"}';
    expect(recorded?.event_id).toBe(`automation-v2-lifecycle-run-1-run_cancelled-${digest(identity).slice(0, 24)}-0`);
  });

  it('is the same whenever the same is recorded', () => {
    expect(idsOf([failed(1), sent(2)])).toEqual(idsOf([failed(1), sent(2)]));
  });

  it('does not change when something unrelated is recorded before it', () => {
    const [alone] = idsOf([sent(2)]);
    expect(idsOf([failed(1), failed(2), sent(2)])[2]).toBe(alone);
  });

  it('tells two equal events of one commit apart by their occurrence', () => {
    const [first = '', second = ''] = idsOf([failed(1), failed(1)]);
    expect(first).toMatch(/-0$/);
    expect(second).toBe(first.replace(/-0$/, '-1'));
  });

  it('changes with anything that the event says, with its time and with its aggregate', () => {
    const ids = [
      ...idsOf([failed(1), failed(2), failed(1, 'refused')]),
      ...idsOf([failed(1)], { ...ref, id: 'd-2' }),
      ...recordEvents(ref, [failed(1)], { context: { ...context, at_ms: 5001 }, digest }).map(({ event_id }) => event_id),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('differs between tenants that use the same id', () => {
    expect(idsOf([failed(1)], { ...ref, org_id: 'other' })).not.toEqual(idsOf([failed(1)]));
  });

  it('is unique within a commit, whatever it holds', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 3 })), (numbers) => {
      const ids = idsOf(numbers.map((number) => failed(number)));
      expect(new Set(ids).size).toBe(ids.length);
    }));
  });
});

describe('recording events', () => {
  it('adds identity, version, time and origin, and leaves absent origins out', () => {
    expect(record([failed(1)])[0]).toMatchObject({ event_type: 'delivery_attempt_failed', version: 1, recorded_at_ms: 5000, actor: { actor_id: 'ada' }, causation_id: 'cause', correlation_id: 'automation', data: failed(1).data });
    const [bare] = recordEvents(ref, [failed(1)], { context: { at_ms: 1 }, digest });
    expect(Object.keys(bare ?? {}).sort()).toEqual(['data', 'event_id', 'event_type', 'recorded_at_ms', 'version']);
  });

  it('refuses an event that the aggregate does not have', () => {
    expect(() => recordEvents({ ...ref, aggregate: 'automation' }, [failed(1)], { context, digest })).toThrow('automation has no event "delivery_attempt_failed"');
  });

  it('takes a time strictly after the last one, also when the clock went back', () => {
    expect(nextTime({ lastRecordedAtMs: 10 }, 50)).toBe(50);
    expect(nextTime({ lastRecordedAtMs: 50 }, 50)).toBe(51);
    expect(nextTime({ lastRecordedAtMs: 90 }, 50)).toBe(91);
  });
});

describe('building a commit', () => {
  const loadedAt = (changes: Partial<Loaded<Attempts>>): Loaded<Attempts> => ({ ...unwritten(attempts, ref), ...changes });
  const build = (loaded: Loaded<Attempts>, events: readonly DeliveryEvent[]) => {
    const recorded = record(events);
    return buildCommit(attempts, loaded, { events: recorded, next: recorded.reduce((state, event) => attempts.evolve(state, event), loaded.state), digest }).commit;
  };

  it('has an id that depends on the aggregate, its tenant, its version and its events', () => {
    const base = build(loadedAt({}), [failed(1)]);
    expect(build(loadedAt({}), [failed(1)]).commit_id).toBe(base.commit_id);
    const others = [
      build(loadedAt({ version: 1 }), [failed(1)]), build(loadedAt({}), [failed(2)]), build(loadedAt({}), [failed(1), failed(1)]),
      build(loadedAt({ ref: { ...ref, workspace_id: 'other' } }), [failed(1)]), build(loadedAt({ ref: { ...ref, id: 'd-2' } }), [failed(1)]),
    ];
    expect(new Set([base, ...others].map(({ commit_id }) => commit_id)).size).toBe(6);
  });

  it('continues the version and names the commit before it', () => {
    expect(build(loadedAt({ version: 7, position: 33 as Loaded<Attempts>['position'] }), [failed(1), failed(2)])).toMatchObject({ version: 9, previous: 33 });
  });

  it('carries the state at rest and at least every so many commits, and never in the first', () => {
    const position = 5 as Loaded<Attempts>['position'];
    const carries = (loaded: Partial<Loaded<Attempts>>, event: DeliveryEvent) => build(loadedAt(loaded), [event]).state !== undefined;
    expect(carries({}, sent(1))).toBe(false);
    expect(carries({ position, commitsSinceState: 1 }, failed(1))).toBe(false);
    expect(carries({ position, commitsSinceState: 1 }, sent(1))).toBe(true);
    expect(carries({ position, commitsSinceState: stateInterval - 2 }, failed(1))).toBe(false);
    expect(carries({ position, commitsSinceState: stateInterval - 1 }, failed(1))).toBe(true);
  });

  it('carries a large state once the commits have grown to a share of it, sooner at rest, and in the end anyway', () => {
    const position = 5 as Loaded<Attempts>['position'];
    const carries = (loaded: Partial<Loaded<Attempts>>, event: DeliveryEvent) => build(loadedAt({ position, stateSize: 1_000_000, ...loaded }), [event]).state !== undefined;
    expect(carries({ commitsSinceState: 100, sizeSinceState: 490_000 }, failed(1))).toBe(false);
    expect(carries({ commitsSinceState: 100, sizeSinceState: 500_000 }, failed(1))).toBe(true);
    expect(carries({ commitsSinceState: 100, sizeSinceState: 100_000 }, sent(1))).toBe(false);
    expect(carries({ commitsSinceState: 1, sizeSinceState: 125_000 }, sent(1))).toBe(true);
    expect(carries({ commitsSinceState: longestStateInterval - 2 }, failed(1))).toBe(false);
    expect(carries({ commitsSinceState: longestStateInterval - 1 }, failed(1))).toBe(true);
  });
});
