import type { TenantContext } from '@cs/contracts';
import type { OpenGate, OpenGates } from '@cs/notification';
import type { Logger } from '@cs/platform';

export interface OpenGatesSweepOptions {
  readonly gates: OpenGates;
  /** Workspaces with channels that are enabled. */
  readonly tenants: () => readonly TenantContext[];
  /** Asks where it is to be asked and was not. */
  readonly ask: (tenant: TenantContext, gate: OpenGate) => Promise<unknown>;
  readonly logger: Pick<Logger, 'warn'>;
  /** Default: five minutes. */
  readonly everyMs?: number;
}

const fiveMinutesMs = 300_000;
/** A sweep looks at so many pages of a workspace at most; the next one goes on behind them. */
const maxPages = 10;

const keyOf = ({ org_id, workspace_id, deployment_id = '' }: TenantContext): string => `${org_id}/${workspace_id}/${deployment_id}`;

/**
 * Looks at gates that have been open for a while: events told the channels of the moment, and a channel that came or was switched on
 * since knows nothing of them.
 */
export class OpenGatesSweep {
  readonly #options: OpenGatesSweepOptions;
  readonly #timer: NodeJS.Timeout;
  /** Where the next sweep of a workspace goes on. */
  readonly #after = new Map<string, string>();
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(options: OpenGatesSweepOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      this.#sweeping ??= this.sweep().finally(() => (this.#sweeping = undefined));
    }, options.everyMs ?? fiveMinutesMs);
  }

  /** Never fails: a workspace or a gate that cannot be looked at is looked at again by the next one. */
  async sweep(): Promise<void> {
    for (const tenant of this.#options.tenants()) {
      if (this.#stopped) return;
      await this.#sweepTenant(tenant).catch((err: unknown) => this.#options.logger.warn({ err, org_id: tenant.org_id, workspace_id: tenant.workspace_id }, 'open gates could not be looked at'));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#sweeping;
  }

  async #sweepTenant(tenant: TenantContext): Promise<void> {
    const key = keyOf(tenant);
    for (let page = 0; page < maxPages && !this.#stopped; page += 1) {
      const after = this.#after.get(key);
      // A place that is not good any more must not end the sweeps of this workspace.
      this.#after.delete(key);
      const { gates, next } = await this.#options.gates.page(tenant, after);
      for (const gate of gates) await this.#ask(tenant, gate);
      if (next === undefined) return;
      this.#after.set(key, next);
    }
  }

  async #ask(tenant: TenantContext, gate: OpenGate): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#options.ask(tenant, gate);
    } catch (err) {
      this.#options.logger.warn({ err, gate_opening_id: gate.gate_opening_id }, 'an open gate could not be looked at');
    }
  }
}
