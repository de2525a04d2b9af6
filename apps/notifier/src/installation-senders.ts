import { streams, tenantStatusSubjects, type AggregateRef } from '@cs/contracts';
import type { ConsumerOutcome, Eventing, IdSource, StoredCommit } from '@cs/eventing';
import type { ConsumerDefinition, Consumers, RunningConsumer } from '@cs/jetstream';
import { endRemovedDelivery, pendingToken, sendToInstallation, type InstallationSender } from '@cs/notification';
import { withCommit } from './read-commit.js';
import type { InstallationsOptions } from './installations.js';

export interface InstallationSendersOptions {
  readonly consumers: Pick<Consumers, 'start'>;
  readonly eventing: Eventing;
  readonly newId: IdSource;
  readonly random: () => number;
}

/** What waits for its time is looked at about once a minute; a delivery counts its own attempts and ends by itself. */
const maxDeliver = 1_000_000;
/** Questions of a night wait here until it is over. */
const maxUnsettled = 100_000;

type Changed = Parameters<InstallationsOptions['onChanged']>[1];
type Handler = (stored: StoredCommit) => Promise<ConsumerOutcome>;

interface Running {
  readonly consumer: RunningConsumer;
  readonly opened: Changed['opened'];
}

/** What waits for its turn is left to whoever tells the installation next. */
const stopped = async ({ consumer, opened }: Running): Promise<void> => {
  opened?.pace.close();
  await consumer.stop();
};

const keyOf = ({ org_id, workspace_id, id }: AggregateRef): string => `${org_id}/${workspace_id}/${id}`;

/** One durable consumer for each installation, so that one which is slow or fails is in nobody's way. */
export class InstallationSenders {
  readonly #options: InstallationSendersOptions;
  readonly #running = new Map<string, Running>();
  /** Changes of one installation come one after the other. */
  readonly #changing = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: InstallationSendersOptions) {
    this.#options = options;
  }

  /** Starts telling an installation, tells it as it is now, ends what is still to be told to one that was removed, or stops. */
  use(ref: AggregateRef, changed: Changed): Promise<void> {
    const key = keyOf(ref);
    const change = (this.#changing.get(key) ?? Promise.resolve()).then(() => this.#change(ref, changed));
    this.#changing.set(key, change.catch(() => undefined));
    return change;
  }

  async #change(ref: AggregateRef, changed: Changed): Promise<void> {
    const key = keyOf(ref);
    const before = this.#running.get(key);
    this.#running.delete(key);
    if (before !== undefined) await stopped(before);
    const handle = this.#stopped ? undefined : this.#handlerFor(changed);
    if (handle !== undefined) this.#running.set(key, { consumer: this.#options.consumers.start(this.#definition(ref, handle)), opened: changed.opened });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#changing.values());
    await Promise.all([...this.#running.values()].map(stopped));
    this.#running.clear();
  }

  #handlerFor({ status, opened }: Changed): Handler | undefined {
    const { eventing, newId, random } = this.#options;
    if (status === 'removed') return (stored) => endRemovedDelivery(eventing, stored);
    if (opened === undefined) return undefined;
    const sender: InstallationSender = { eventing, adapter: opened.adapter, pace: opened.pace, newId, random };
    return (stored) => sendToInstallation(sender, stored);
  }

  #definition(ref: AggregateRef, handle: Handler): ConsumerDefinition {
    const { eventing } = this.#options;
    return {
      durable: `notifier--installation-${eventing.digest(keyOf(ref)).slice(0, 24)}`, stream: streams.log.name, filters: [tenantStatusSubjects(ref, 'delivery', pendingToken(ref.id))],
      ackWaitMs: 30_000, maxInFlight: 16, maxUnsettled, maxDeliver,
      handle: (message): Promise<ConsumerOutcome> => withCommit(message, eventing, handle),
    };
  }
}
