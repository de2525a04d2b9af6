import { approvalStatus, currentWeek, decideGovernanceApproval, isApproved, isHumanAdministrator, liveAutomation, type ApprovalCode, type GovernanceApproval, type GovernanceApprovalCommand, type GovernanceApprovalState, type LiveAutomation } from '@cs/automation-domain';
import type { ApprovalBinding, ApprovalSubject, ApprovalType, CallContext, GovernanceActor, GovernanceApprovalEvent, TenantContext } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type IdSource, type Loaded } from '@cs/eventing';
import { accepted, canonicalJson, definedMembers, refused, type Json, type Refusal, type Result } from '@cs/kernel';
import { automationAccess } from '../access-check.js';
import { automationAggregate } from '../automation.aggregate.js';
import type { DefinitionLibrary } from '../definition-library.js';
import { automationRefIn } from './agent-creation.js';
import { governanceApprovalAggregate } from './governance.aggregates.js';
import { activationId, approvalRef, loadApproval, readLimits } from './governance-state.js';
import { declaredCapabilities } from './provenance.js';

export interface GovernanceOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly newId: IdSource;
}

export interface ApprovalRequested {
  readonly approval_type: ApprovalType;
  readonly automation_id?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly reason?: string | undefined;
  /** Of a launch: exactly what the run will be asked for with. */
  readonly input?: Json | undefined;
  readonly runtime_context?: Json | undefined;
  readonly execution_profile?: string | undefined;
  readonly dry_run?: boolean | undefined;
  /** Of a spend override. */
  readonly allowed_usd?: number | undefined;
  readonly command_id?: string | undefined;
}

export interface ApprovalStored {
  readonly approval: Omit<GovernanceApproval, 'status'> & { readonly status: ReturnType<typeof approvalStatus> };
  readonly position: number;
}

/** What a launch approval is good for: the automation as it is, and everything that the run is asked for with. */
export const launchDigest = (digest: Eventing['digest'], launch: Pick<ApprovalRequested, 'automation_id' | 'input' | 'runtime_context' | 'execution_profile' | 'dry_run'> & { readonly definition_hash: string }): string =>
  `sha256:${digest(canonicalJson(['launch', launch.automation_id ?? '', launch.definition_hash, launch.input ?? {}, launch.runtime_context ?? null, launch.execution_profile ?? null, launch.dry_run ?? false]))}`;

export const quotaDigest = (digest: Eventing['digest'], { agent_id, automation_id }: { readonly agent_id: string; readonly automation_id: string }): string =>
  `sha256:${digest(canonicalJson(['quota_override', agent_id, automation_id]))}`;

interface Wanted {
  readonly approval_id: string;
  readonly subject: ApprovalSubject;
  readonly binding: ApprovalBinding;
}

const lacks = (path: string, message: string): Result<never> => refused('GOVERNANCE_REQUEST_INVALID', `${path} ${message}`, { problems: [{ path, code: 'required', message }] });

/** With an idempotency key the id follows from it, so that the same request finds the same approval. */
const idOf = ({ eventing, newId }: GovernanceOptions, { tenant, actor }: CallContext, { command_id }: ApprovalRequested): string =>
  command_id === undefined
    ? `governance-approval-${newId()}`
    : `governance-approval-${eventing.digest(JSON.stringify([tenant.org_id, tenant.workspace_id, tenant.deployment_id ?? '', actor.kind, actor.actor_id ?? '', command_id])).slice(0, 32)}`;

const liveOf = async (options: GovernanceOptions, context: CallContext, automation_id: string): Promise<Result<LiveAutomation>> => {
  const allowed = await automationAccess(options, context, { automation_id, right: 'change' });
  if (!allowed.ok) return allowed;
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, automationRefIn(context.tenant, automation_id));
  const live = liveAutomation(state, context.tenant.deployment_id);
  return live === undefined ? refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id }) : accepted(live);
};

const ofActivation = async (options: GovernanceOptions, { tenant }: CallContext, { live, named, subject }: Launchable): Promise<Result<Wanted>> => {
  const { automation_id, definition_hash, governance } = live;
  if (isApproved(governance, definition_hash)) return refused('AUTOMATION_V2_NOT_GOVERNED', `automation "${automation_id}" needs no activation: it is allowed as it is`, { automationID: automation_id });
  const capabilities = declaredCapabilities(await options.definitions.get(tenant, definition_hash)) ?? [];
  return accepted({ approval_id: activationId(options.eventing.digest, { tenant, automation_id, definition_hash }), subject, binding: { ...named, capabilities, digest: definition_hash } });
};

interface Launchable {
  readonly live: LiveAutomation;
  readonly named: Omit<ApprovalBinding, 'digest'>;
  readonly subject: ApprovalSubject;
}

const ofAutomation = async (options: GovernanceOptions, context: CallContext, request: ApprovalRequested): Promise<Result<Wanted>> => {
  const { automation_id, approval_type } = request;
  if (automation_id === undefined) return lacks('automation_id', 'names the automation');
  const found = await liveOf(options, context, automation_id);
  if (!found.ok) return found;
  const { definition_hash, definition_version, governance } = found.value;
  const named = { automation_id, definition_hash, definition_version, ...definedMembers({ agent_id: governance?.provenance?.creator.actor_id }) };
  const subject = { kind: 'automation', id: automation_id } as const;
  if (approval_type === 'activation') return await ofActivation(options, context, { live: found.value, named, subject });
  return accepted({ approval_id: idOf(options, context, request), subject, binding: { ...named, digest: launchDigest(options.eventing.digest, { ...request, definition_hash }) } });
};

const ofAgent = (options: GovernanceOptions, context: CallContext, request: ApprovalRequested): Result<Wanted> => {
  const { approval_type, automation_id, allowed_usd } = request;
  const { eventing: { digest, clock } } = options;
  const agent_id = context.actor.kind === 'agent' ? context.actor.actor_id : request.agent_id;
  if (agent_id === undefined) return lacks('agent_id', 'names the agent');
  const [approval_id, subject] = [idOf(options, context, request), { kind: 'agent', id: agent_id } as const];
  if (approval_type === 'quota_override') {
    if (automation_id === undefined) return lacks('automation_id', 'names the automation that the agent is to create');
    return accepted({ approval_id, subject, binding: { agent_id, automation_id, digest: quotaDigest(digest, { agent_id, automation_id }) } });
  }
  if (allowed_usd === undefined) return lacks('allowed_usd', 'says what the agent may use in this week');
  const week = currentWeek(clock());
  return accepted({ approval_id, subject, binding: { agent_id, allowed_usd, week, digest: `sha256:${digest(canonicalJson(['spend_override', agent_id, week, allowed_usd]))}` } });
};

type Executed = Result<Loaded<GovernanceApprovalState>>;
interface Commanded {
  readonly tenant_context: TenantContext;
  readonly approval_id: string;
  readonly command: GovernanceApprovalCommand;
  readonly actor?: GovernanceActor;
}

export const commandApproval = async ({ eventing }: Pick<GovernanceOptions, 'eventing'>, { tenant_context, approval_id, command, actor }: Commanded): Promise<Executed> => {
  const result = await executeCommand<GovernanceApprovalState, GovernanceApprovalEvent, Refusal<ApprovalCode>>(approvalRef(tenant_context, approval_id), {
    eventing, aggregate: governanceApprovalAggregate, decide: (state, at_ms) => decideGovernanceApproval(command, state, { approval_id, tenant_context, at_ms }),
    context: { correlation_id: approval_id, ...definedMembers({ actor }) },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the approval is being changed by others');
  return result.kind === 'refused' ? { ok: false, refusal: result.refusal } : accepted(result.loaded);
};

const stored = (options: GovernanceOptions, executed: Executed): Result<ApprovalStored> => {
  if (!executed.ok) return executed;
  const { state, position } = executed.value;
  if (state === undefined) throw new Error('an approval that was written is not there');
  return accepted({ approval: { ...state, status: approvalStatus(state, options.eventing.clock()) }, position });
};

const textOf = (text: string | undefined, fallback: string): string => (text === undefined || text.trim() === '' ? fallback : text.trim());

/** Asks a person to allow something once. Asked again with the same key, it is the same request. */
export const requestApproval = async (options: GovernanceOptions, context: CallContext, request: ApprovalRequested): Promise<Result<ApprovalStored>> => {
  const isOfAutomation = request.approval_type === 'activation' || request.approval_type === 'launch';
  const wanted = isOfAutomation ? await ofAutomation(options, context, request) : ofAgent(options, context, request);
  if (!wanted.ok) return wanted;
  const { approval_id, subject, binding } = wanted.value;
  const { approval_ttl_ms: ttl_ms } = await readLimits(options, context.tenant);
  const command = { type: 'request', approval_type: request.approval_type, subject, binding, reason: textOf(request.reason, `${request.approval_type} is asked for`), requested_by: context.actor, ttl_ms } as const;
  return stored(options, await commandApproval(options, { tenant_context: context.tenant, approval_id, command, actor: context.actor }));
};

/** Owner or administrator for what is about an automation, an administrator for what is about an agent. That only people decide says the decider. */
const mayDecide = async (options: GovernanceOptions, context: CallContext, { subject, approval_id }: GovernanceApproval): Promise<Result<true>> => {
  if (context.actor.kind !== 'human') return accepted(true);
  if (subject.kind === 'agent') return isHumanAdministrator(context) ? accepted(true) : refused('AUTOMATION_V2_ACCESS_DENIED', 'only an administrator may decide about an agent', { approval_id });
  const allowed = await automationAccess(options, context, { automation_id: subject.id, right: 'change' });
  return allowed.ok || allowed.refusal.code !== 'AUTOMATION_V2_NOT_FOUND' ? allowed : notThere(approval_id);
};

const notThere = (approval_id: string): Result<never> => refused('GOVERNANCE_APPROVAL_NOT_FOUND', `there is no approval "${approval_id}"`, { approval_id });

export interface ApprovalDecision {
  readonly approval_id: string;
  readonly decision: 'approve' | 'deny';
  readonly note?: string | undefined;
}

/** Decides a request, once. Who may is asked of the caller alone; two at once have one winner. */
export const decideApproval = async (options: GovernanceOptions, context: CallContext, { approval_id, decision, note }: ApprovalDecision): Promise<Result<ApprovalStored>> => {
  const { state } = await loadApproval(options.eventing.store, approvalRef(context.tenant, approval_id));
  if (state === undefined || state.tenant_context.deployment_id !== context.tenant.deployment_id) return notThere(approval_id);
  const allowed = await mayDecide(options, context, state);
  if (!allowed.ok) return allowed;
  const command = { type: decision, note: textOf(note, decision === 'approve' ? 'approved' : 'denied'), decided_by: context.actor, decision_id: options.newId() } as const;
  return stored(options, await commandApproval(options, { tenant_context: context.tenant, approval_id, command, actor: context.actor }));
};

/** Uses an approval up for one thing. */
export const consumeApproval = async (options: Pick<GovernanceOptions, 'eventing'>, { tenant, ...use }: { readonly tenant: TenantContext; readonly approval_id: string; readonly consumed_by: string; readonly digest: string }): Promise<Result<true>> => {
  const { approval_id, consumed_by, digest } = use;
  const executed = await commandApproval(options, { tenant_context: tenant, approval_id, command: { type: 'consume', consumed_by, digest } });
  return executed.ok ? accepted(true) : executed;
};

