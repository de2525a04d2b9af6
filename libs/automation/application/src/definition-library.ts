import type { AggregateRef, AutomationDefinition } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { accept, canonicalJson, LruCache } from '@cs/kernel';
import { definitionAggregate } from './definition.aggregate.js';

type Tenant = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

const refOf = (tenant: Tenant, hash: string): AggregateRef => ({
  org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'definition', id: hash.replace('sha256:', ''),
});

/** A definition's identity: SHA-256 of its canonical JSON (domain 2.9). */
export const definitionHash = (digest: Eventing['digest'], definition: AutomationDefinition): string => `sha256:${digest(canonicalJson(definition))}`;

/** Definitions under their hash. They never change, so a cached one is never stale. */
export class DefinitionLibrary {
  readonly #eventing: Eventing;
  readonly #cache = new LruCache<string, AutomationDefinition>(1000);

  constructor(eventing: Eventing) {
    this.#eventing = eventing;
  }

  /** Stores the definition if it is not there yet; answers its hash. */
  async store(tenant: Tenant, definition: AutomationDefinition): Promise<string> {
    const hash = definitionHash(this.#eventing.digest, definition);
    await executeCommand(refOf(tenant, hash), {
      eventing: this.#eventing, aggregate: definitionAggregate, context: {},
      decide: (state) => (state === undefined ? accept({ event_type: 'definition_stored', data: { definition_hash: hash, definition } } as const) : accept()),
    });
    return hash;
  }

  /** Throws when the tenant has no such definition: every run's definition is stored before the run. */
  async get(tenant: Tenant, hash: string): Promise<AutomationDefinition> {
    const key = `${tenant.org_id}/${tenant.workspace_id}/${hash}`;
    const known = this.#cache.get(key);
    if (known) return known;
    const { state } = await loadAggregate({ store: this.#eventing.store, aggregate: definitionAggregate }, refOf(tenant, hash));
    if (state === undefined) throw new Error(`The log has no definition ${hash}`);
    this.#cache.set(key, state);
    return state;
  }
}
