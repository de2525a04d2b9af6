import { channelSettingsSchema, type Channel } from '@cs/contracts';
import type { ConsumerOutcome, StoredCommit } from '@cs/eventing';
import type { AdapterOutcome, ChannelAdapter, Outgoing, PostedMessage } from './channel-adapter.port.js';
import type { InstalledChannel } from './channel.state.js';
import type { InstallationSender, Pace } from './installation-sender.js';
import { followsUp } from './notice-family.js';
import { NotificationLog, tenant } from './notification.fixture.js';
import { questionEvents } from './question-notices.js';
import { requestDeliveries } from './request-deliveries.command-handler.js';
import { requestQuestionDeliveries } from './request-question-deliveries.command-handler.js';
import { sendToInstallation } from './send-to-installation.command-handler.js';

export const installedChannel = (settings: object = {}, change: Partial<Pick<InstalledChannel, 'users'>> & { readonly id?: string } = {}): InstalledChannel => {
  const { id = 'chat', users = [] } = change;
  const channel: Channel = {
    channel_id: id, kind: 'slack', name: 'Chat', callback_id: '0123456789abcdef0123456789abcdef', settings: channelSettingsSchema.parse({ recipient: 'C1', allowed_users: ['U1'], options: { team_id: 'T1', app_id: 'A1' }, ...settings }),
    secrets: {}, tenant_context: { ...tenant, source: 'explicit' }, created_at_ms: 1, updated_at_ms: 1,
  };
  return { status: 'enabled', channel, users, enrolments: [] };
};

export type Step = AdapterOutcome | Error | 'posted-and-lost';

/** A platform that keeps messages, does as it is told by the steps, and then succeeds. It finds a message by its delivery only when it is asked to. */
export class ScriptedPlatform implements ChannelAdapter {
  readonly calls: Outgoing[] = [];
  /** Of these, what the platform did. */
  readonly done: Outgoing[] = [];
  readonly messages = new Map<string, { readonly delivery_id: string; status: string; changes: number }>();
  constructor(readonly steps: Step[] = [], readonly canFind = true) {}

  deliver(outgoing: Outgoing): Promise<AdapterOutcome> {
    this.calls.push(outgoing);
    const step = this.steps.shift();
    if (step instanceof Error) return Promise.reject(step);
    if (step !== undefined && step !== 'posted-and-lost') return Promise.resolve(step);
    const done = this.#do(outgoing);
    return step === 'posted-and-lost' ? Promise.reject(new Error('the process died')) : Promise.resolve(done);
  }

  statuses(): readonly string[] {
    return [...this.messages.values()].map(({ status }) => status);
  }

  #do(outgoing: Outgoing): AdapterOutcome {
    const { request, recipient, asked, mayBePosted } = outgoing;
    this.done.push(outgoing);
    const status = String((request.card as { status?: string }).status ?? 'notice');
    if (followsUp(request.notice)) {
      for (const { message_id } of asked) {
        const message = this.messages.get(message_id);
        if (message !== undefined) Object.assign(message, { status, changes: message.changes + 1 });
      }
      return { kind: 'sent' };
    }
    const found = mayBePosted && this.canFind ? [...this.messages].find(([, message]) => message.delivery_id === request.delivery_id)?.[0] : undefined;
    const message_id = found ?? `m${this.messages.size + 1}`;
    if (found === undefined) this.messages.set(message_id, { delivery_id: request.delivery_id, status, changes: 0 });
    return { kind: 'sent', message: { conversation: recipient, message_id } satisfies PostedMessage };
  }
}

export class CountedPace implements Pace {
  taken = 0;
  readonly pauses: number[] = [];
  isClosed = false;
  take(): Promise<boolean> {
    this.taken += 1;
    return Promise.resolve(!this.isClosed);
  }
  pause(ms: number): void {
    this.pauses.push(ms);
  }
  close(): void {
    this.isClosed = true;
  }
}

/** A workspace with one installation, whose messages are delivered as its consumer would. */
export class SendingWorld {
  readonly log = new NotificationLog();
  readonly pace = new CountedPace();
  readonly #settled = new Set<number>();
  #ids = 0;
  constructor(readonly platform: ScriptedPlatform = new ScriptedPlatform(), public channels: readonly InstalledChannel[] = [installedChannel()]) {}

  get sender(): InstallationSender {
    return { eventing: this.log.eventing, adapter: this.platform, pace: this.pace, random: () => 0.5, newId: () => `id-${(this.#ids += 1)}` };
  }

  async happens(body: string | Promise<string>, count = 1): Promise<ConsumerOutcome> {
    const event = await body;
    const isOfQuestion = questionEvents.some((type) => event.includes(`"event_type":"${type}"`));
    const request = isOfQuestion ? requestQuestionDeliveries : requestDeliveries;
    return await request({ eventing: this.log.eventing, channels: [], directory: { channelsOf: () => this.channels }, publicUrl: 'https://sign.example' }, event, count);
  }

  pending(id = 'chat'): readonly StoredCommit[] {
    return this.log.store.all().filter(({ ref, status }) => ref.aggregate === 'delivery' && status === `pending-${id}`);
  }

  /** Delivers every message that was not settled yet, once; answers what became of them by notice. */
  async deliver(): Promise<readonly (readonly [string, ConsumerOutcome['kind']])[]> {
    const outcomes: (readonly [string, ConsumerOutcome['kind']])[] = [];
    for (const stored of this.pending().filter(({ position }) => !this.#settled.has(position))) {
      const notice = String((stored.commit.events[0]?.data as { notice?: string }).notice);
      const outcome = await sendToInstallation(this.sender, stored);
      if (outcome.kind !== 'retry-later') this.#settled.add(stored.position);
      outcomes.push([notice, outcome.kind]);
    }
    return outcomes;
  }

  /** Until nothing is left, with time going on. */
  async settle(): Promise<void> {
    for (let round = 0; round < 200; round += 1) {
      if ((await this.deliver()).every(([, kind]) => kind !== 'retry-later')) return;
      this.log.clock.advance(60_000);
    }
    throw new Error('deliveries never came to rest');
  }

  eventTypes(): readonly string[] {
    return this.log.deliveryEvents();
  }
}
