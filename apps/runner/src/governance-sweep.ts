import { checkHealth, readLimitsOf, warnOfExpiry, type GovernedAutomation } from '@cs/automation-application';
import { listGovernedAutomations, localImplicitTenant, readRunHealth, type CallContext, type GovernanceLimits, type GovernedAutomationKey, type GovernedAutomationTimes } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import { definedMembers } from '@cs/kernel';
import type { Logger, RpcClient } from '@cs/platform';
import { Periodic } from './periodic.js';

export interface GovernanceSweepOptions {
  readonly rpc: Pick<RpcClient, 'call'>;
  readonly eventing: Eventing;
  readonly logger: Pick<Logger, 'warn'>;
  readonly clock: () => number;
  readonly everyMs: number;
}

const pageSize = 200;
/** A sweep looks at so many pages at most; the next one goes on behind them. */
const maxPages = 5;
const context: CallContext = { tenant: localImplicitTenant, actor: { kind: 'system', source: 'runner' }, correlation_id: 'governance-sweep' };

const isExpiryNear = ({ expires_at_ms = Infinity, expiry_warned_ms }: GovernedAutomationTimes, { expiry_warning_ms }: GovernanceLimits, now: number): boolean =>
  expiry_warned_ms !== expires_at_ms && now < expires_at_ms && now >= expires_at_ms - expiry_warning_ms;

const isHealthDue = ({ has_news, health_checked_at_ms = -Infinity }: GovernedAutomationTimes, { health_check_every_ms }: GovernanceLimits, now: number): boolean =>
  has_news && health_checked_at_ms + health_check_every_ms <= now;

/**
 * Looks after automations that agents made where only time passes: warns of an expiry that is near, and
 * looks at the newest runs. The projection only names candidates and counts runs; the automation decides
 * under the append whether anything is due.
 */
export class GovernanceSweep {
  readonly #options: GovernanceSweepOptions;
  readonly #periodic: Periodic;
  #after: GovernedAutomationKey | undefined;
  #stopped = false;

  constructor(options: GovernanceSweepOptions) {
    this.#options = options;
    this.#periodic = new Periodic({ everyMs: options.everyMs, call: () => this.sweep(), onError: (err) => options.logger.warn({ err }, 'governance sweep failed') });
  }

  async sweep(): Promise<void> {
    const limits = new Map<string, Promise<GovernanceLimits>>();
    for (let page = 0; page < maxPages && !this.#stopped; page += 1) {
      const reply = await this.#options.rpc.call(listGovernedAutomations, { context, payload: { limit: pageSize, after: this.#after } });
      if (!reply.ok) return;
      for (const times of reply.value.items) await this.#lookAfter(times, limits);
      this.#after = reply.value.next;
      if (this.#after === undefined) return;
    }
  }

  async #lookAfter(times: GovernedAutomationTimes, known: Map<string, Promise<GovernanceLimits>>): Promise<void> {
    const { logger, eventing, clock } = this.#options;
    if (this.#stopped) return;
    const { org_id, workspace_id, automation_id, deployment_id } = times;
    const automation: GovernedAutomation = { tenant: { org_id, workspace_id, ...definedMembers({ deployment_id }) }, automation_id };
    try {
      const limits = await this.#limitsOf(automation, known);
      if (isExpiryNear(times, limits, clock())) await warnOfExpiry({ eventing }, automation, limits);
      if (isHealthDue(times, limits, clock())) await this.#checkHealth(automation, times, limits);
    } catch (err) {
      // One automation that cannot be looked at does not keep the others from it.
      logger.warn({ err, automation_id }, 'an automation could not be looked after');
    }
  }

  /** The limits of a tenant are read once in a sweep. */
  #limitsOf(automation: GovernedAutomation, known: Map<string, Promise<GovernanceLimits>>): Promise<GovernanceLimits> {
    const key = JSON.stringify(automation.tenant);
    const limits = known.get(key) ?? readLimitsOf(this.#options, automation);
    known.set(key, limits);
    return limits;
  }

  async #checkHealth({ tenant, automation_id }: GovernedAutomation, { since_ms, launched_at_ms }: GovernedAutomationTimes, limits: GovernanceLimits): Promise<void> {
    const { rpc, eventing } = this.#options;
    const reply = await rpc.call(readRunHealth, { context, payload: { ...tenant, automation_id, since_ms, runs: limits.health_check_runs } });
    if (reply.ok) await checkHealth({ eventing }, { tenant, automation_id }, { health: reply.value, since_ms, launched_at_ms, limits });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#periodic.stop();
  }
}
