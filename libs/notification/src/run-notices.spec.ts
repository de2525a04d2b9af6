import { fixedClock } from '@cs/testing';
import { tenant } from './notification.fixture.js';
import { requestRunNotices } from './run-notices.js';
import { installedChannel, ScriptedPlatform, SendingWorld } from './sending.fixture.js';

const now = fixedClock()();
const event = (event_type: string, data: object, { id = 'event-1', at_ms = now }: { readonly id?: string; readonly at_ms?: number } = {}) => JSON.stringify({ ...tenant, event_id: id, event_type, aggregate_id: 'automation-v2-run-1', occurred_at_ms: at_ms, data });
const deadLetter = (number: number, at_ms = now) =>
  event('dead_letter_opened', { dead_letter_id: `d${number}`, consumer: 'runner--queue', stream: 'CS_LOG', stream_sequence: number, subject: 's', deliveries: 5, reason: 'cannot be read' }, { id: `event-d${number}`, at_ms });

const world = (run_notices: object): SendingWorld => new SendingWorld(new ScriptedPlatform(), [installedChannel({ run_notices })]);

const told = async (subject: SendingWorld, ...bodies: readonly string[]) => {
  for (const body of bodies) expect(await requestRunNotices({ eventing: subject.log.eventing, channels: [], directory: { channelsOf: () => subject.channels } }, body)).toEqual({ kind: 'done' });
  await subject.settle();
  return subject.platform.calls.map(({ request: { notice, card } }) => ({ notice, card: card as { readonly title: string; readonly body_markdown: string } }));
};

describe('telling of runs', () => {
  it('tells of failed and blocked runs once where that is wanted, and of completed ones on request', async () => {
    const failed = event('run_failed', { detail: 'refused with token ghp_0123456789abcdefghijklmnopqrstuvwxyzAB' });
    const all = await told(world({ failed: true, blocked: true, completed: true, recipient: 'C-runs' }), failed, failed, event('run_blocked', { detail: 'unknown', node_ids: ['refund'] }, { id: 'event-2' }), event('run_completed', {}, { id: 'event-3' }));
    expect(all.map(({ notice }) => notice)).toEqual(['run_failed', 'run_blocked', 'run_completed']);
    expect(JSON.stringify(all)).not.toContain('ghp_');
    expect(await told(world({ failed: true }), event('run_completed', {}))).toEqual([]);
    expect(await told(world({}), failed)).toEqual([]);
  });

  it('tells of dead letters when more than so many open within an hour, once', async () => {
    const subject = world({ dead_letters_above: 2 });
    expect(await told(subject, deadLetter(1), deadLetter(2), deadLetter(2))).toEqual([]);
    const noisy = world({ dead_letters_above: 2 });
    const [first, ...more] = await told(noisy, deadLetter(1), deadLetter(2), deadLetter(3), deadLetter(4));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ notice: 'dead_letters', card: { title: expect.stringMatching(/^Dead letters: [34]$/) } });
  });

  it('tells nothing in quiet hours but when they are over, dead letters too', async () => {
    const night = { hours: { from: '22:00', to: '07:00' } };
    const subject = new SendingWorld(new ScriptedPlatform(), [installedChannel({ run_notices: { failed: true, dead_letters_above: 1 }, quiet_hours: night })]);
    const options = { eventing: subject.log.eventing, channels: [], directory: { channelsOf: () => subject.channels } };
    for (const body of [event('run_failed', { detail: 'x' }), deadLetter(1), deadLetter(2)]) expect(await requestRunNotices(options, body)).toEqual({ kind: 'done' });
    subject.log.clock.advance(7 * 3_600_000 - 1);
    expect((await subject.deliver()).map(([notice, kind]) => `${notice} ${kind}`).sort()).toEqual(['dead_letters retry-later', 'run_failed retry-later']);
    expect(subject.platform.calls).toEqual([]);
    subject.log.clock.advance(1);
    await subject.settle();
    expect(subject.platform.calls.map(({ request: { notice } }) => notice).sort()).toEqual(['dead_letters', 'run_failed']);
  });

  it('sets aside what is no such event, and leaves alone what is long over', async () => {
    const subject = world({ failed: true });
    expect(await requestRunNotices({ eventing: subject.log.eventing, channels: [] }, '{}')).toMatchObject({ kind: 'give-up' });
    subject.log.clock.advance(2 * 3_600_000);
    expect(await told(subject, event('run_failed', { detail: 'x' }))).toEqual([]);
  });
});
