import { slackKind } from '@cs/channels';
import { channelSettingsSchema, runEvents, type Channel, type PendingGate, type RunEvent } from '@cs/contracts';
import { InMemoryEventStore, type Eventing, type StoredCommit } from '@cs/eventing';
import { requestDeliveries, sendToInstallation, type ChannelAdapter, type InstallationSender, type Pace } from '@cs/notification';
import { createOutboundHttp, createOutboundSockets } from '@cs/outbound-http';
import { sequenceIds, sha256 } from '@cs/testing';
import { seededRandom, startSlackDouble } from '@cs/testing/doubles';
import { jest } from '@jest/globals';
import { setImmediate as settled } from 'node:timers/promises';
import { CallPace } from './call-pace.js';
import { VirtualTime } from './virtual-time.fixture.js';

const withdrawals = new Set(['what this asks was settled before it could be told', 'the question was never asked here']);

const tenant = { org_id: 'acme', workspace_id: 'ops' };
const perSecond = 1;
/** As the consumer of an installation. */
const maxInFlight = 16;
/** `npm run thousand-gates` takes a thousand. */
const gates = Number(process.env['GATES'] ?? 100);
jest.setTimeout(60_000 + gates * 1_000);

/** The pace of the notifier, and what an observer of the platform sees of it. */
class ObservedPace implements Pace {
  /** Waiting for their turns. */
  waiting = 0;
  pauses = 0;
  /** Whether no two turns were closer than they may be. */
  isHeld = true;
  #lastMs = Number.NEGATIVE_INFINITY;
  readonly #pace: CallPace;

  constructor(private readonly time: VirtualTime, private readonly onChange: () => void) {
    this.#pace = new CallPace({ perSecond, now: time.now, wait: time.wait });
  }

  async take(): Promise<boolean> {
    this.waiting += 1;
    this.onChange();
    const granted = await this.#pace.take();
    this.waiting -= 1;
    const atMs = this.time.now();
    this.isHeld &&= atMs - this.#lastMs >= 1000 / perSecond;
    this.#lastMs = atMs;
    return granted;
  }

  pause(ms: number): void {
    this.pauses += 1;
    this.#pace.pause(ms);
  }

  close(): void {
    this.#pace.close();
  }
}

const channelAt = (base_url: string): Channel => ({
  channel_id: 'slack', kind: 'slack', name: 'Approvals', callback_id: '0'.repeat(32), settings: channelSettingsSchema.parse({ recipient: 'C0APPROVALS', base_url, per_second: perSecond, options: { team_id: 'T0DOUBLE', app_id: 'A0DOUBLE' } }),
  secrets: {}, tenant_context: { ...tenant, source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
});

/** A log in which gates open and are decided, and what its consumers do. */
class Workspace {
  readonly time = new VirtualTime();
  readonly store = new InMemoryEventStore();
  readonly eventing: Eventing = { store: this.store, clock: this.time.now, digest: sha256 };
  readonly pace = new ObservedPace(this.time, () => this.#changed());
  readonly #heads = new Map<string, { readonly version: number; readonly position: number }>();
  readonly #sender: InstallationSender;
  /** When what is to be told is looked at. */
  readonly #due = new Map<StoredCommit, number>();
  readonly #newId = sequenceIds('attempt');
  #seen = 0;
  #underWay = 0;
  #changed = (): void => undefined;

  constructor(private readonly channel: Channel, adapterOf: (now: () => number) => ChannelAdapter) {
    this.#sender = { eventing: this.eventing, adapter: adapterOf(this.time.now), pace: this.pace, newId: this.#newId, random: seededRandom(7) };
  }

  async happen(run: string, event: RunEvent): Promise<void> {
    const { version, position } = this.#heads.get(run) ?? { version: 0, position: 0 };
    const event_id = `${run}-${version + 1}`;
    const recorded = { event_id, event_type: event.event_type, version: runEvents[event.event_type].version, recorded_at_ms: this.time.now(), correlation_id: 'refund', data: JSON.parse(JSON.stringify(event.data)) };
    const appended = await this.store.append({ ...tenant, aggregate: 'run', id: run }, 'awaiting_approval', { commit_id: event_id, previous: position, version: version + 1, events: [recorded] });
    if (appended.kind === 'conflict') throw new Error('conflict');
    this.#heads.set(run, { version: version + 1, position: appended.position });
    const body = JSON.stringify({ ...tenant, event_id, event_type: event.event_type, aggregate: 'run', aggregate_id: run, seq: 1, position: appended.position, status: 'x', occurred_at_ms: this.time.now(), data: event.data });
    const installed = { status: 'enabled' as const, channel: this.channel, users: [], enrolments: [] };
    expect(await requestDeliveries({ eventing: this.eventing, channels: [], directory: { channelsOf: () => [installed] } }, body, 1)).toEqual({ kind: 'done' });
  }

  /** Looks at so many deliveries, as many at a time as the consumer of an installation; true while some are left. */
  async deliver(most: number): Promise<boolean> {
    const all = this.store.all();
    for (const stored of all.slice(this.#seen)) if (stored.status === 'pending-slack') this.#due.set(stored, this.time.now());
    this.#seen = all.length;
    let left = most;
    for (;;) {
      expect(this.pace.isHeld).toBe(true);
      while (left > 0 && this.#underWay < maxInFlight && this.#nextDue() <= this.time.now()) {
        left -= 1;
        this.#begin();
      }
      if (this.#underWay > this.pace.waiting) await this.#change();
      else if (this.#underWay > 0 || (left > 0 && this.#due.size > 0)) this.time.moveTo(Math.min(this.time.next, left > 0 && this.#underWay < maxInFlight ? this.#nextDue() : Number.POSITIVE_INFINITY));
      else return this.#due.size > 0;
      await settled();
    }
  }

  #nextDue(): number {
    return Math.min(...this.#due.values());
  }

  /** Looks at what is due first. */
  #begin(): void {
    const [stored] = [...this.#due].reduce((first, next) => (next[1] < first[1] ? next : first));
    this.#due.delete(stored);
    this.#underWay += 1;
    void sendToInstallation(this.#sender, stored).then((outcome) => {
      if (outcome.kind === 'retry-later') this.#due.set(stored, this.time.now() + outcome.delayMs);
      this.#underWay -= 1;
      this.#changed();
    });
  }

  /** Until one of them is done, or waits for its turn. */
  async #change(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#changed = resolve;
    });
  }
}

const runOf = (number: number): string => `automation-v2-run-${number}`;
const openingOf = (run: string): string => `automation_v2:${run}:approve:1`;

const opened = (run: string): RunEvent => {
  const gate: PendingGate = {
    node_id: 'approve', approval_request_id: `automation_v2:${run}:approve`, gate_opening_id: openingOf(run), wait_id: 'w', transition_id: 't', title: `Refund of ${run}`, decisions: ['approve', 'rework'], rework_targets: [], requested_at_ms: 1, upstream_node_ids: [],
  };
  return { event_type: 'approval_gate_opened', data: { gate, blocked_nodes: [] } };
};
const decided = (run: string): RunEvent => ({ event_type: 'approval_gate_decided', data: { node_id: 'approve', gate_opening_id: openingOf(run), decision: 'approve', decided_at_ms: 2, decided_by: { kind: 'human', actor_id: 'grace' } } });

const open: { readonly close: () => Promise<unknown> }[] = [];
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close();
});

describe('a channel that takes one message a second and fails every fifth call', () => {
  it(`${gates} gates opened in a minute: every card arrives, none twice, every decided card is updated`, async () => {
    let now = (): number => 0;
    const server = await startSlackDouble({ rateLimit: { perSecond }, now: () => now() });
    const http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
    open.push(server, http);
    const channel = channelAt(`${server.url}/api`);
    const workspace = new Workspace(channel, (clock) =>
      slackKind({ http, sockets: createOutboundSockets({ egressAllow: [] }), now: clock, publicUrl: 'https://sign.example' }).create({ channel, secrets: { bot_token: 'xoxb-double', signing_secret: 'double-signing-secret' } }));
    now = workspace.time.now;
    server.faults.add({ share: 0.02, path: '/api/', fault: { kind: 'answer', answer: { status: 429, headers: { 'retry-after': '30' }, body: '{"ok":false,"error":"ratelimited"}' } } });
    server.faults.add({ share: 0.07, path: '/api/', fault: { kind: 'answer', answer: { status: 503, body: '' } } });
    server.faults.add({ share: 0.07, path: '/api/', fault: { kind: 'cut' } });
    server.faults.add({ share: 0.07, path: '/api/', fault: { kind: 'lost_answer' } });
    const runs = Array.from({ length: gates }, (_, index) => runOf(index));
    for (const run of runs) await workspace.happen(run, opened(run));
    await workspace.deliver(gates / 2);
    for (const run of runs.slice(0, gates / 4)) await workspace.happen(run, decided(run));
    while (await workspace.deliver(1_000));
    for (const run of runs.slice(gates / 4)) await workspace.happen(run, decided(run));
    while (await workspace.deliver(1_000));

    expect(workspace.pace.pauses).toBeGreaterThan(0);
    const cards = server.platform.messages.filter(({ thread_ts }) => thread_ts === undefined);
    expect(cards.length).toBeLessThanOrEqual(gates);
    expect(new Set(cards.map(({ metadata }) => metadata?.event_payload['delivery_id'])).size).toBe(cards.length);
    for (const { blocks } of cards) {
      expect(JSON.stringify(blocks)).toContain('Approved by grace');
      expect(JSON.stringify(blocks)).not.toContain('"button"');
    }
    const events = workspace.store.all().filter(({ ref }) => ref.aggregate === 'delivery').flatMap(({ commit }) => commit.events);
    const unasked = events.filter(({ event_type }) => event_type === 'delivery_abandoned').map(({ data }) => (data as { reason: string }).reason);
    // What was decided before it could be asked is withdrawn, and what would have followed it; nothing else is given up.
    expect(new Set(unasked.filter((reason) => !withdrawals.has(reason)))).toEqual(new Set());
    expect(cards.length).toBe(gates - unasked.length / 2);
    expect(cards.length).toBeGreaterThanOrEqual(gates * 0.75);
    expect(events.filter(({ event_type }) => event_type === 'delivery_attempt_failed').length).toBeGreaterThan(gates / 10);
  });
});
