import { toPosition } from '@cs/kernel';
import { failed, ref } from './attempts.fixture.js';
import { decodeCommit, UnreadableCommitError } from './decode-commit.js';

const event = { event_id: 'e', event_type: 'delivery_attempt_failed', version: 1, recorded_at_ms: 1, data: failed(1).data };
const commit = { commit_id: 'c', previous: 0, version: 1, events: [event] };
const decode = (value: unknown) => decodeCommit({ ref, status: 'retrying' }, { position: toPosition(9), body: typeof value === 'string' ? value : JSON.stringify(value) });

describe('decoding a commit', () => {
  it('gives the commit with where it stands', () => {
    expect(decode(commit)).toEqual({ ref, status: 'retrying', position: 9, commit, size: JSON.stringify(commit).length });
  });

  it.each([
    ['what is not JSON', '{', /not JSON/],
    ['what is no commit', { commit_id: 'c' }, /previous: .*; version: .*; events: /],
    ['a commit without events', { ...commit, events: [] }, /events/],
    ['an event that nobody knows', { ...commit, events: [{ ...event, event_type: 'delivery_dreamt' }] }, /unknown event type "delivery_dreamt"/],
    ['an event of another aggregate', { ...commit, events: [{ ...event, event_type: 'run_completed', data: {} }] }, /unknown event type "run_completed"/],
    ['an event of a newer release', { ...commit, events: [{ ...event, version: 2 }] }, /version 2 was written by a newer release \(this one reads up to 1\)/],
    ['an event with other members than its version has', { ...commit, events: [{ ...event, data: { attempt: 'one' } }] }, /"delivery_attempt_failed" version 1: attempt: /],
  ])('refuses %s, saying where it stands and what is wrong', (_what, value, problem) => {
    expect(() => decode(value)).toThrow(UnreadableCommitError);
    expect(() => decode(value)).toThrow(/^commit 9 \(delivery d-1\): /);
    expect(() => decode(value)).toThrow(problem);
  });
});
