import { governAutomation, type AutomationState, type CareForAutomation, type GovernRefusal } from '@cs/automation-domain';
import { governedAgentEvents, type AutomationEvent, type GovernanceLimits, type RunHealth, type TenantContext } from '@cs/contracts';
import { done, executeCommand, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { automationAggregate } from '../automation.aggregate.js';
import { automationRefIn } from './agent-creation.js';
import { readLimits } from './governance-state.js';

interface Options {
  readonly eventing: Eventing;
}

/** An automation that an agent made. */
export interface GovernedAutomation {
  readonly tenant: Pick<TenantContext, 'org_id' | 'workspace_id' | 'deployment_id'>;
  readonly automation_id: string;
}

type Cared = 'changed' | 'unchanged' | 'contended';

const care = async ({ eventing }: Options, { tenant, automation_id }: GovernedAutomation, { command, causation_id }: { readonly command: CareForAutomation; readonly causation_id?: string }): Promise<Cared> => {
  const result = await executeCommand<AutomationState, AutomationEvent, GovernRefusal>(automationRefIn(tenant, automation_id), {
    eventing, aggregate: automationAggregate, context: { correlation_id: automation_id, ...(causation_id === undefined ? {} : { causation_id }) },
    decide: (state, at_ms) => governAutomation(command, state, { automation_id, deployment_id: tenant.deployment_id, at_ms }),
  });
  if (result.kind === 'contended') return 'contended';
  return result.kind === 'accepted' && result.changed ? 'changed' : 'unchanged';
};

/** What agents may do in the workspace of an automation, and when people hear of it. */
export const readLimitsOf = ({ eventing }: Options, { tenant }: Pick<GovernedAutomation, 'tenant'>): Promise<GovernanceLimits> => readLimits({ eventing }, tenant);

/** Warns people once of an expiry that is near. True when it did. */
export const warnOfExpiry = async (options: Options, automation: GovernedAutomation, { expiry_warning_ms }: Pick<GovernanceLimits, 'expiry_warning_ms'>): Promise<boolean> =>
  (await care(options, automation, { command: { type: 'warn_of_expiry', warning_ms: expiry_warning_ms } })) === 'changed';

export interface LookedAt {
  readonly health: RunHealth;
  /** The review, or the creation, that these runs came after. */
  readonly since_ms: number;
  /** The newest launch that was known before the runs were read. */
  readonly launched_at_ms?: number | undefined;
  readonly limits: GovernanceLimits;
}

/** Records what the newest runs came to, when that is due, and asks for a review where it is bad. True when it recorded something. */
export const checkHealth = async (options: Options, automation: GovernedAutomation, looked: LookedAt): Promise<boolean> =>
  (await care(options, automation, { command: { type: 'check_health', ...looked } })) === 'changed';

const spikeFound = 'agent_cost_spike_found';

/** Asks for a review of each automation of which a commit of its agent found a run too expensive. The same message again finds it asked for. */
export const followCostSpikes = async (options: Options, { commit }: Pick<StoredCommit, 'commit'>): Promise<ConsumerOutcome> => {
  for (const event of commit.events.filter(({ event_type }) => event_type === spikeFound)) {
    const { tenant_context: tenant, agent_id: _agent, automation_id, ...spike } = governedAgentEvents[spikeFound].data.parse(event.data);
    const cared = await care(options, { tenant, automation_id }, { command: { type: 'report_cost_spike', spike: { kind: 'cost_spike', ...spike } }, causation_id: event.event_id });
    if (cared === 'contended') return retryLater(200, 'the automation is being written to');
  }
  return done;
};
