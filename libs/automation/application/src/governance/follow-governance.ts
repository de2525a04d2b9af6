import { governAutomation, isApproved, liveAutomation, type AutomationState, type GovernanceApproval, type GovernRefusal } from '@cs/automation-domain';
import type { AggregateRef, AutomationEvent, TenantContext } from '@cs/contracts';
import { done, executeCommand, loadAggregate, retryLater, type ConsumerOutcome } from '@cs/eventing';
import type { Result } from '@cs/kernel';
import { automationAggregate } from '../automation.aggregate.js';
import { automationRefIn, commandAgent } from './agent-creation.js';
import { commandApproval, consumeApproval, type GovernanceOptions } from './governance-approvals.command-handlers.js';
import { activationId, loadApproval, readLimits } from './governance-state.js';
import { declaredCapabilities, provenanceOf } from './provenance.js';

type Options = Pick<GovernanceOptions, 'eventing' | 'definitions'>;
/** What was allowed is in effect, there is nothing left that it could be for, or others write and it is tried again. */
type Effect = 'done' | 'obsolete' | 'contended';

const activate = async ({ eventing }: Options, { approval_id, binding, tenant_context, decided_by, requested_by }: GovernanceApproval): Promise<Effect> => {
  const { automation_id = '', definition_hash = '', capabilities = [] } = binding;
  const result = await executeCommand<AutomationState, AutomationEvent, GovernRefusal>(automationRefIn(tenant_context, automation_id), {
    eventing, aggregate: automationAggregate, context: { actor: decided_by ?? requested_by, causation_id: approval_id, correlation_id: automation_id },
    decide: (state, at_ms) => governAutomation({ type: 'approve_definition', definition_hash, capabilities, approval_id, approved_by: decided_by ?? requested_by }, state, { automation_id, deployment_id: tenant_context.deployment_id, at_ms }),
  });
  if (result.kind === 'contended') return 'contended';
  return result.kind === 'refused' ? 'obsolete' : 'done';
};

const allowSpend = async (options: Options, { approval_id, binding, tenant_context, decided_by, requested_by }: GovernanceApproval): Promise<Effect> => {
  const { agent_id = '', week = '', allowed_usd = 0 } = binding;
  const allowed = await commandAgent(options, { tenant: tenant_context, agent_id, command: { type: 'allow_spend', week, allowed_usd, approval_id, approved_by: decided_by ?? requested_by } });
  return allowed.ok ? 'done' : 'contended';
};

/** What takes effect by itself; the others are used by whoever asked for them. */
const effects = { activation: activate, spend_override: allowSpend } as const;
const isEffective = (type: GovernanceApproval['approval_type']): type is keyof typeof effects => Object.hasOwn(effects, type);

const settle = (result: Result<unknown>): ConsumerOutcome => (result.ok || result.refusal.code !== 'CONCURRENT_CHANGE' ? done : retryLater(200, 'the approval is being written to'));

/**
 * Does what an approval allows and that nobody has to ask for: it lets a definition start runs, or an agent
 * use more. The effect is written first and the approval used up after it; whoever dies in between leaves a
 * message that comes again, and finds the effect there.
 */
export const followApproval = async (options: Options, ref: AggregateRef): Promise<ConsumerOutcome> => {
  const { state } = await loadApproval(options.eventing.store, ref);
  if (state?.status !== 'approved' || !isEffective(state.approval_type)) return done;
  const effect = await effects[state.approval_type](options, state);
  if (effect === 'contended') return retryLater(200, 'what the approval is about is being written to');
  if (effect === 'obsolete') return done;
  const { tenant_context: tenant, approval_id, approval_type, subject, binding } = state;
  return settle(await consumeApproval(options, { tenant, approval_id, consumed_by: `${approval_type}:${subject.id}`, digest: binding.digest }));
};

interface Pending {
  readonly automation_id: string;
  readonly definition_hash: string;
  readonly definition_version: string;
  readonly tenant_context: TenantContext;
}

const askFor = async (options: Options, { automation_id, definition_hash, definition_version, tenant_context }: Pending): Promise<ConsumerOutcome> => {
  const definition = await options.definitions.get(tenant_context, definition_hash);
  const creator = provenanceOf(definition)?.creator;
  if (creator === undefined) return done;
  const { approval_ttl_ms: ttl_ms } = await readLimits(options, tenant_context);
  const binding = {
    digest: definition_hash, automation_id, definition_hash, definition_version, capabilities: declaredCapabilities(definition) ?? [],
    ...(creator.actor_id === undefined ? {} : { agent_id: creator.actor_id }),
  };
  const asked = await commandApproval(options, {
    tenant_context, approval_id: activationId(options.eventing.digest, { tenant: tenant_context, automation_id, definition_hash }), actor: creator,
    command: { type: 'request', approval_type: 'activation', subject: { kind: 'automation', id: automation_id }, binding, reason: `agent "${creator.actor_id ?? ''}" made this definition`, requested_by: creator, ttl_ms },
  });
  return settle(asked);
};

/** Asks people to allow a definition that an agent has made; once for each definition. `ref` names the automation. */
export const requestActivation = async (options: Options, ref: AggregateRef): Promise<ConsumerOutcome> => {
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, ref);
  const live = liveAutomation(state, state?.tenant_context.deployment_id);
  return live === undefined || isApproved(live.governance, live.definition_hash) ? done : await askFor(options, live);
};
