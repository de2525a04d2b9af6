import { accepted, type Result } from '@cs/kernel';
import type { HttpErrorCode, ProblemSource } from '@cs/http-api';
import type { Logger } from '@cs/platform';
import type { EventId } from './event-id.js';
import type { EventSource, EventSubscription } from './event-source.adapter.js';

interface Options {
  readonly source: EventSource;
  readonly logger: Logger;
  readonly maxPerTenant: number;
}

interface Request {
  /** Streams are counted by this. */
  readonly tenant: string;
  readonly subjects: readonly string[];
  readonly after: EventId | undefined;
}

type Opened = Result<EventSubscription, ProblemSource>;

const refuse = (code: HttpErrorCode, message: string): Opened => ({ ok: false, refusal: { code, message } });

/** All open event streams of the process. */
export class EventStreams {
  readonly #options: Options;
  readonly #perTenant = new Map<string, number>();
  readonly #open = new Set<EventSubscription>();
  #stopping = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The caller closes the subscription, whatever becomes of its client. */
  async open({ tenant, subjects, after }: Request): Promise<Opened> {
    if (this.#stopping) return refuse('SERVICE_UNAVAILABLE', 'the server is stopping');
    const count = this.#perTenant.get(tenant) ?? 0;
    if (count >= this.#options.maxPerTenant) return refuse('RATE_LIMITED', `the tenant has ${count} event streams open, which is the maximum`);
    this.#perTenant.set(tenant, count + 1);
    try {
      return accepted(this.#track(tenant, await this.#options.source.open({ subjects, after })));
    } catch (error) {
      this.#release(tenant);
      this.#options.logger.warn({ err: error }, 'an event stream could not be opened');
      return refuse('SERVICE_UNAVAILABLE', 'the published events cannot be read at the moment');
    }
  }

  /** Ends every stream; no new one begins. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#open].map((subscription) => subscription.close()));
  }

  #track(tenant: string, subscription: EventSubscription): EventSubscription {
    const tracked: EventSubscription = {
      messages: subscription.messages,
      gap: subscription.gap,
      close: async () => {
        if (!this.#open.delete(tracked)) return;
        this.#release(tenant);
        // Without an answer, the server removes an idle consumer by itself.
        await subscription.close().catch((error: unknown) => this.#options.logger.debug({ err: error }, 'an event consumer could not be removed'));
      },
    };
    this.#open.add(tracked);
    return tracked;
  }

  #release(tenant: string): void {
    const count = (this.#perTenant.get(tenant) ?? 1) - 1;
    if (count === 0) this.#perTenant.delete(tenant);
    else this.#perTenant.set(tenant, count);
  }
}
