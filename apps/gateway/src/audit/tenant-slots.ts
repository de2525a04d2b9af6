import type { TenantContext } from '@cs/contracts';

/** How many expensive requests of a tenant this process serves at once. */
export class TenantSlots {
  readonly #taken = new Map<string, number>();

  constructor(private readonly perTenant: number) {}

  /** Takes a slot; answers how to give it back, once or more often. `undefined`: all are taken. */
  take({ org_id, workspace_id }: Pick<TenantContext, 'org_id' | 'workspace_id'>): (() => void) | undefined {
    const key = `${org_id}/${workspace_id}`;
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.perTenant) return undefined;
    this.#taken.set(key, taken + 1);
    let held = true;
    return () => {
      if (held) this.#release(key);
      held = false;
    };
  }

  #release(key: string): void {
    const left = (this.#taken.get(key) ?? 1) - 1;
    if (left === 0) this.#taken.delete(key);
    else this.#taken.set(key, left);
  }
}
