import { slackKind } from '@cs/channels';
import { channelSettingsSchema, runEvents, type Channel, type PendingGate, type RunEvent } from '@cs/contracts';
import { InMemoryEventStore, type Eventing } from '@cs/eventing';
import { requestDeliveries, sendToInstallation, type ChannelAdapter, type InstallationSender, type Pace } from '@cs/notification';
import { createOutboundHttp, createOutboundSockets } from '@cs/outbound-http';
import { fixedClock, sequenceIds, sha256 } from '@cs/testing';
import { seededRandom, startSlackDouble } from '@cs/testing/doubles';
import { jest } from '@jest/globals';


const withdrawals = new Set(['what this asks was settled before it could be told', 'the question was never asked here']);

const tenant = { org_id: 'acme', workspace_id: 'ops' };
const perSecond = 1;
/** A thousand with GATES=1000. */
const gates = Number(process.env['GATES'] ?? 100);
jest.setTimeout(60_000 + gates * 1_000);

/** A second of the channel is a step of the clock: nobody waits. */
class SteppedPace implements Pace {
  constructor(private readonly clock: ReturnType<typeof fixedClock>) {}
  take(): Promise<void> {
    this.clock.advance(1000 / perSecond);
    return Promise.resolve();
  }
  pause(ms: number): void {
    this.clock.advance(ms);
  }
}

const channelAt = (base_url: string): Channel => ({
  channel_id: 'slack', kind: 'slack', name: 'Approvals', callback_id: '0'.repeat(32), settings: channelSettingsSchema.parse({ recipient: 'C0APPROVALS', base_url, per_second: perSecond, options: { team_id: 'T0DOUBLE', app_id: 'A0DOUBLE' } }),
  secrets: {}, tenant_context: { ...tenant, source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
});

/** A log in which gates open and are decided, and what its consumers do. */
class Workspace {
  readonly clock = fixedClock();
  readonly store = new InMemoryEventStore();
  readonly eventing: Eventing = { store: this.store, clock: this.clock, digest: sha256 };
  readonly #heads = new Map<string, { readonly version: number; readonly position: number }>();
  readonly #due = new Map<number, number>();
  #seen = 0;

  constructor(private readonly channel: Channel, private readonly adapter: ChannelAdapter) {}

  async happen(run: string, event: RunEvent): Promise<void> {
    const { version, position } = this.#heads.get(run) ?? { version: 0, position: 0 };
    const event_id = `${run}-${version + 1}`;
    const recorded = { event_id, event_type: event.event_type, version: runEvents[event.event_type].version, recorded_at_ms: this.clock(), correlation_id: 'refund', data: JSON.parse(JSON.stringify(event.data)) };
    const appended = await this.store.append({ ...tenant, aggregate: 'run', id: run }, 'awaiting_approval', { commit_id: event_id, previous: position, version: version + 1, events: [recorded] });
    if (appended.kind === 'conflict') throw new Error('conflict');
    this.#heads.set(run, { version: version + 1, position: appended.position });
    const body = JSON.stringify({ ...tenant, event_id, event_type: event.event_type, aggregate: 'run', aggregate_id: run, seq: 1, position: appended.position, status: 'x', occurred_at_ms: this.clock(), data: event.data });
    const installed = { status: 'enabled' as const, channel: this.channel, users: [], enrolments: [] };
    expect(await requestDeliveries({ eventing: this.eventing, channels: [], directory: { channelsOf: () => [installed] } }, body, 1)).toEqual({ kind: 'done' });
  }

  /** So many deliveries, each when it is due; true while some are left. */
  async deliver(most: number): Promise<boolean> {
    const all = this.store.all();
    for (; this.#seen < all.length; this.#seen += 1) if (all[this.#seen]?.status === 'pending-slack') this.#due.set(this.#seen, this.clock());
    const sender: InstallationSender = { eventing: this.eventing, adapter: this.adapter, pace: new SteppedPace(this.clock), newId: sequenceIds(`attempt-${this.clock()}`), random: seededRandom(7) };
    for (let turn = 0; turn < most && this.#due.size > 0; turn += 1) {
      const [index, due] = [...this.#due].reduce((first, next) => (next[1] < first[1] ? next : first));
      this.clock.set(Math.max(this.clock(), due));
      const stored = all[index];
      if (stored === undefined) throw new Error('no such delivery');
      const outcome = await sendToInstallation(sender, stored);
      if (outcome.kind === 'retry-later') this.#due.set(index, this.clock() + outcome.delayMs);
      else this.#due.delete(index);
    }
    return this.#due.size > 0;
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

describe('a channel that takes one message a second and fails every fifth call', () => {
  it(`${gates} gates opened in a minute: every card arrives, none twice, every decided card is updated`, async () => {
    let clock = (): number => Date.UTC(2026, 0, 1);
    const server = await startSlackDouble({ rateLimit: { perSecond }, now: () => clock() });
    const http = createOutboundHttp({ egressAllow: ['127.0.0.0/8'] });
    const channel = channelAt(`${server.url}/api`);
    const adapter = slackKind({ http, sockets: createOutboundSockets({ egressAllow: [] }), now: () => clock(), publicUrl: 'https://sign.example' }).create({ channel, secrets: { bot_token: 'xoxb-double', signing_secret: 'double-signing-secret' } });
    const workspace = new Workspace(channel, adapter);
    clock = workspace.clock;
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
    await server.close();
    await http.close();
  });
});
