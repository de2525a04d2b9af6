import { fixedClock } from '@cs/testing';
import { noPosition } from '@cs/kernel';
import { runId, tenant } from './notification.fixture.js';
import { requestRunNotices } from './run-notices.js';
import { installedChannel, ScriptedPlatform, SendingWorld } from './sending.fixture.js';

const now = fixedClock()();
const event = (event_type: string, data: object, { id = 'event-1', at_ms = now }: { readonly id?: string; readonly at_ms?: number } = {}) => JSON.stringify({ ...tenant, event_id: id, event_type, aggregate_id: runId, position: 2, occurred_at_ms: at_ms, data });
const deadLetter = (number: number, at_ms = now) =>
  event('dead_letter_opened', { dead_letter_id: `d${number}`, consumer: 'runner--queue', stream: 'CS_LOG', stream_sequence: number, subject: 's', deliveries: 5, reason: 'cannot be read' }, { id: `event-d${number}`, at_ms });

const effectLetter = (number: number) =>
  event('effect_dead_lettered', { dead_letter_id: `d${number}`, node_id: 'pay', effect_id: `e${number}`, outcome: 'failed', attempts: 5, reason: 'the peer answered 503', recovery_options: ['retry'] }, { id: `event-e${number}` });
const failedRun = (number: number, detail = 'node "pay" failed') => event('run_failed', { detail, node_id: 'pay', dead_letter: { dead_letter_id: `d${number}`, attempts: 5 } }, { id: `event-f${number}` });

const world = (run_notices: object): SendingWorld => new SendingWorld(new ScriptedPlatform(), [installedChannel({ run_notices })]);

const definitionId = 'd'.repeat(64);

/** A run in the log, whose events stand at position 2. */
const begin = async ({ log: { store } }: SendingWorld): Promise<void> => {
  const recorded = { version: 1, recorded_at_ms: 1 };
  const definition = { automation_id: 'nightly-report', name: 'Nightly report', flow: { nodes: [{ node_id: 'pay', objective: 'pay' }] } };
  const run = { run_id: runId, automation_id: 'nightly-report', tenant_context: { ...tenant, source: 'explicit' }, trigger_type: 'manual', requested_by: { kind: 'human', actor_id: 'mona' }, input: {}, workflow_definition_version: 'v1', workflow_definition_snapshot_hash: `sha256:${definitionId}`, effective_execution_profile: 'strict', node_ids: ['pay'] };
  await store.append({ ...tenant, aggregate: 'definition', id: definitionId }, 'stored', { commit_id: 'd', previous: noPosition, version: 1, events: [{ ...recorded, event_id: 'd', event_type: 'definition_stored', data: { definition_hash: `sha256:${definitionId}`, definition } }] });
  await store.append({ ...tenant, aggregate: 'run', id: runId }, 'queued', { commit_id: 'r', previous: noPosition, version: 1, events: [{ ...recorded, event_id: 'r', event_type: 'run_created', data: run }] });
};

const told = async (subject: SendingWorld, ...bodies: readonly string[]) => {
  const options = { eventing: subject.log.eventing, channels: [], directory: { channelsOf: () => subject.channels }, publicUrl: 'https://c.example/' };
  for (const body of bodies) expect(await requestRunNotices(options, body)).toEqual({ kind: 'done' });
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

  it('names the automation, and leads to the run', async () => {
    const subject = world({ failed: true, blocked: true, completed: true });
    await begin(subject);
    const all = await told(subject, failedRun(1, 'cannot read /home/ada/report.csv'), event('run_blocked', { detail: 'unknown', node_ids: ['pay', 'tell'] }, { id: 'event-2' }), event('run_completed', {}, { id: 'event-3' }));
    const fields = [{ label: 'Automation', value: 'nightly-report' }, { label: 'Run', value: runId }, { label: 'Workspace', value: 'ops' }];
    const card = { page_url: `https://c.example/inbox/runs/${runId}`, fields };
    expect(all.map((one) => one.card)).toEqual([
      expect.objectContaining({ ...card, title: 'Nightly report: the run failed', body_markdown: 'cannot read [path]' }),
      expect.objectContaining({ ...card, title: 'Nightly report: the run is blocked', body_markdown: 'What became of an effect is not known: pay, tell. A person has to say it before the run goes on.' }),
      expect.objectContaining({ ...card, title: 'Nightly report: the run is done', body_markdown: 'It reached its end.' }),
    ]);
  });

  it('counts dead letters of effects and of failed steps, each once, with messages', async () => {
    const quiet = world({ dead_letters_above: 2 });
    expect(await told(quiet, effectLetter(1), failedRun(1), deadLetter(2), deadLetter(2), effectLetter(1))).toEqual([]);
    const noisy = world({ dead_letters_above: 2 });
    await begin(noisy);
    const [first, ...more] = await told(noisy, effectLetter(1), failedRun(2), deadLetter(3));
    expect(more).toEqual([]);
    const page_url = `https://c.example/inbox/runs/${runId}`;
    expect(first?.card).not.toHaveProperty('page_url');
    expect(first).toMatchObject({ notice: 'dead_letters', card: { title: 'Dead letters: 3', items: [{ text: 'Nightly report: pay: the peer answered 503', page_url }, { text: 'Nightly report: pay: node "pay" failed', page_url }, { text: 'runner--queue: cannot be read' }] } });
  });

  it('tells of more dead letters than a list holds, and how many there are', async () => {
    const letters = Array.from({ length: 211 }, (_none, index) => deadLetter(index + 1));
    expect(await told(world({ dead_letters_above: 210 }), ...letters.slice(0, 210), ...letters.slice(200, 210))).toEqual([]);
    const [first] = await told(world({ dead_letters_above: 210 }), ...letters);
    expect(first).toMatchObject({ card: { title: 'Dead letters: 211', body_markdown: '191 more are not shown here; GET /dead-letters lists all.' } });
  });

  it('tells of dead letters when more than so many open within an hour, once', async () => {
    const subject = world({ dead_letters_above: 2 });
    expect(await told(subject, deadLetter(1), deadLetter(2), deadLetter(2))).toEqual([]);
    const noisy = world({ dead_letters_above: 2 });
    const [first, ...more] = await told(noisy, deadLetter(1), deadLetter(2), deadLetter(3), deadLetter(4));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ notice: 'dead_letters', card: { title: expect.stringMatching(/^Dead letters: [34]$/) } });
  });

  it('counts dead letters of an hour that are heard of when it is over, however few came first', async () => {
    const subject = world({ dead_letters_above: 2 });
    const options = { eventing: subject.log.eventing, channels: [], directory: { channelsOf: () => subject.channels } };
    const hour = 3_600_000;
    const opened_at = (Math.floor(now / hour) + 1) * hour - 60_000;
    const hear = (number: number) => requestRunNotices(options, deadLetter(number, opened_at));
    // The projections were behind: the first is heard of two minutes after the end of its hour, and nothing is left to wait for.
    subject.log.clock.advance(opened_at + 180_000 - now);
    await hear(1);
    expect(await subject.deliver()).toEqual([['dead_letters', 'retry-later']]);
    await hear(2);
    await hear(3);
    await subject.settle();
    expect(subject.platform.calls.map(({ request: { card } }) => (card as { title: string }).title)).toEqual(['Dead letters: 3']);
  });

  it('gives a list with too few up when no more can come', async () => {
    const subject = world({ dead_letters_above: 2 });
    const options = { eventing: subject.log.eventing, channels: [], directory: { channelsOf: () => subject.channels } };
    await requestRunNotices(options, deadLetter(1));
    const end = (Math.floor(now / 3_600_000) + 1) * 3_600_000;
    subject.log.clock.advance(end + 3_600_000 - now);
    expect(await subject.deliver()).toEqual([['dead_letters', 'retry-later']]);
    subject.log.clock.advance(1);
    expect(await subject.deliver()).toEqual([['dead_letters', 'done']]);
    expect(subject.eventTypes().at(-1)).toBe('delivery_abandoned');
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
