import type { TenantContext } from '@cs/contracts';
import { readFileSync } from 'node:fs';

const prefix = 'COUNTERSIGN_CHANNEL_SECRET_';
const fileSuffix = '_FILE';
const tenantsSuffix = '_FOR';

interface Secret {
  readonly value: string;
  /** `org/workspace` of those who may use it; absent: everybody. */
  readonly tenants: ReadonlySet<string> | undefined;
}

/** Values of the secrets that channels name, from the environment of this process only. */
export class ChannelSecrets {
  readonly #secrets: ReadonlyMap<string, Secret>;

  /**
   * `COUNTERSIGN_CHANNEL_SECRET_<NAME>`, or `..._FILE` with the path of a file that holds the value; `..._FOR` lists, separated by
   * commas, the workspaces (`org/workspace`) that may use it, without which every workspace may.
   */
  constructor(environment: Readonly<Record<string, string | undefined>>) {
    const secrets = new Map<string, Secret>();
    for (const [variable, value] of Object.entries(environment)) {
      if (!variable.startsWith(prefix) || value === undefined || variable.endsWith(tenantsSuffix)) continue;
      const isFile = variable.endsWith(fileSuffix);
      const name = isFile ? variable.slice(prefix.length, -fileSuffix.length) : variable.slice(prefix.length);
      const tenants = environment[`${prefix}${name}${tenantsSuffix}`];
      secrets.set(name, {
        value: isFile ? readFileSync(value, 'utf8').trim() : value,
        tenants: tenants === undefined ? undefined : new Set(tenants.split(',').map((tenant) => tenant.trim())),
      });
    }
    this.#secrets = secrets;
  }

  /** Whether the operator said which workspaces may use it. */
  isBound(name: string): boolean {
    return this.#secrets.get(name)?.tenants !== undefined;
  }

  /** `undefined` when there is none of this name, or none that the workspace may use. */
  valueOf({ org_id, workspace_id }: Pick<TenantContext, 'org_id' | 'workspace_id'>, name: string): string | undefined {
    const secret = this.#secrets.get(name);
    return secret?.tenants === undefined || secret.tenants.has(`${org_id}/${workspace_id}`) ? secret?.value : undefined;
  }
}
