import { parseLogSubject, statusSubjects, type AggregateRef } from '@cs/contracts';
import type { EventStore } from '@cs/eventing';
import { LruCache } from '@cs/kernel';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { onConnectionChange } from './connection-watch.js';

type Tenant = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

/** Automations whose status is kept; a run of any other costs one look into the log. */
const capacity = 10_000;
const keyOf = ({ org_id, workspace_id }: Tenant, id: string): string => `${org_id}/${workspace_id}/${id}`;

/**
 * Status of automations, from the subjects of their commits as they are published: these are plain
 * messages too. What was published while the connection was broken is missed, so the cache starts anew.
 */
export class AutomationStatusCache {
  readonly #store: EventStore;
  readonly #subscription: Subscription;
  readonly #stopWatching: () => void;
  #known = new LruCache<string, string>(capacity);

  constructor(nc: NatsConnection, store: EventStore) {
    this.#store = store;
    this.#subscription = nc.subscribe(statusSubjects('automation', '*'), {
      callback: (error, { subject }) => {
        const parsed = error === null ? parseLogSubject(subject) : undefined;
        if (parsed) this.#known.set(keyOf(parsed.ref, parsed.ref.id), parsed.status);
      },
    });
    this.#stopWatching = onConnectionChange(nc, () => (this.#known = new LruCache(capacity)));
  }

  async statusOf(tenant: Tenant, automation_id: string): Promise<string> {
    return this.#known.get(keyOf(tenant, automation_id)) ?? (await this.#learn(tenant, automation_id));
  }

  async readStatus({ org_id, workspace_id }: Tenant, automation_id: string): Promise<string> {
    return (await this.#store.last({ org_id, workspace_id, aggregate: 'automation', id: automation_id }))?.status ?? 'absent';
  }

  stop(): void {
    this.#stopWatching();
    this.#subscription.unsubscribe();
  }

  async #learn(tenant: Tenant, automation_id: string): Promise<string> {
    const key = keyOf(tenant, automation_id);
    const cache = this.#known;
    const read = await this.readStatus(tenant, automation_id);
    // A commit that was heard of meanwhile is newer than what was read.
    const heard = cache.get(key);
    if (heard === undefined) cache.set(key, read);
    return heard ?? read;
  }
}
