import { decideHandoff, fitsWatch, liveAutomation, toHandoffRecord, type HandoffCommand, type HandoffRefusal, type HandoffState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, HandoffArtifact, HandoffEvent, HandoffRecord } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type IdSource, type Loaded } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Json, type Result } from '@cs/kernel';
import { automationAccess } from './access-check.js';
import { automationAggregate } from './automation.aggregate.js';
import type { DefinitionLibrary } from './definition-library.js';
import { handoffAggregate } from './handoff.aggregate.js';
import { handoffInput } from './handoff-input.js';
import { inputProblems } from './input-validation.js';

export interface HandoffOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly newId: IdSource;
}

export interface HandoffDeposit extends Omit<HandoffArtifact, 'handoff_id' | 'target_automation_id' | 'created_at_ms'> {
  /** The automation that it is for. */
  readonly automation_id: string;
  readonly command_id?: string | undefined;
}

export interface HandoffStored {
  readonly handoff: HandoffRecord;
  readonly position: number;
}

const handoffRef = ({ tenant }: CallContext, id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'handoff', id });

const target = async (options: HandoffOptions, context: CallContext, automation_id: string): Promise<Result<AutomationDefinition>> => {
  const visible = await automationAccess(options, context, { automation_id, right: 'view' });
  if (!visible.ok) return visible;
  const [{ eventing, definitions }, { tenant }] = [options, context];
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id };
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, ref);
  const live = liveAutomation(state, tenant.deployment_id);
  if (live === undefined) {
    return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  }
  return accepted(await definitions.get(tenant, live.definition_hash));
};

/** With an idempotency key the id follows from it, so that the same request finds the same handoff. */
const handoffIdOf = ({ eventing, newId }: HandoffOptions, { tenant, actor }: CallContext, { automation_id, command_id }: HandoffDeposit): string =>
  command_id === undefined
    ? `handoff-${newId()}`
    : `handoff-${eventing.digest(JSON.stringify([tenant.org_id, tenant.workspace_id, tenant.deployment_id ?? '', actor.actor_id ?? '', automation_id, command_id])).slice(0, 32)}`;

const isSame = (a: HandoffArtifact, b: HandoffArtifact): boolean => canonicalJson({ ...a, created_at_ms: 0 }) === canonicalJson({ ...b, created_at_ms: 0 });

const execute = async (options: HandoffOptions, context: CallContext, { ref, decide }: { ref: AggregateRef; decide: (at_ms: number) => HandoffCommand }): Promise<Result<Loaded<HandoffState>>> => {
  const result = await executeCommand<HandoffState, HandoffEvent, HandoffRefusal>(ref, {
    eventing: options.eventing, aggregate: handoffAggregate, decide: (state, at_ms) => decideHandoff(decide(at_ms), state),
    context: { actor: context.actor, causation_id: context.correlation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the handoff is being changed by others');
  return result.kind === 'refused' ? { ok: false, refusal: result.refusal } : accepted(result.loaded);
};

const stored = ({ state, position }: Loaded<HandoffState>): Result<HandoffStored> => {
  if (state === undefined) throw new Error('a handoff that was written is not there');
  return accepted({ handoff: toHandoffRecord(state), position });
};

/** A handoff that a watch condition would take must fit the input of the run that it starts. */
const unfit = (definition: AutomationDefinition, artifact: HandoffArtifact) =>
  (definition.watch_conditions ?? []).some((condition) => fitsWatch(condition, artifact)) ? inputProblems(definition, handoffInput(artifact)) : [];

/** Leaves a handoff for an automation; approved at once where its `handoff_config` says so. Repeated with its key, it answers the first one. */
export const depositHandoff = async (options: HandoffOptions, context: CallContext, deposit: HandoffDeposit): Promise<Result<HandoffStored>> => {
  const definition = await target(options, context, deposit.automation_id);
  if (!definition.ok) return definition;
  const { automation_id: target_automation_id, command_id: _key, ...content } = deposit;
  const artifact = (created_at_ms: number): HandoffArtifact => ({ ...content, target_automation_id, handoff_id, created_at_ms });
  const handoff_id = handoffIdOf(options, context, deposit);
  const problems = unfit(definition.value, artifact(options.eventing.clock()));
  const [first] = problems;
  if (first !== undefined) return refused('AUTOMATION_V2_INPUT_INVALID', `the run that takes this handoff would refuse it: ${first.path} ${first.message}`, { problems: problems as unknown as Json });
  const auto_approve = definition.value.handoff_config?.auto_approve ?? true;
  const written = await execute(options, context, {
    ref: handoffRef(context, handoff_id),
    decide: (at_ms) => ({ type: 'deposit', handoff: artifact(at_ms), tenant_context: context.tenant, auto_approve, deposited_by: context.actor }),
  });
  if (!written.ok) return written;
  const isOther = written.value.state !== undefined && !isSame(written.value.state.handoff, artifact(0));
  return isOther ? refused('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another handoff') : stored(written.value);
};

/** Approves a handoff of an automation, for its owner or an administrator. One that was approved or consumed already stays as it is. */
export const approveHandoff = async (options: HandoffOptions, context: CallContext, { automation_id, handoff_id }: { readonly automation_id: string; readonly handoff_id: string }): Promise<Result<HandoffStored>> => {
  const allowed = await automationAccess(options, context, { automation_id, right: 'change' });
  if (!allowed.ok) return allowed;
  const ref = handoffRef(context, handoff_id);
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: handoffAggregate }, ref);
  if (state === undefined || state.tenant_context.deployment_id !== context.tenant.deployment_id || state.handoff.target_automation_id !== automation_id) {
    return refused('AUTOMATION_V2_HANDOFF_NOT_FOUND', `there is no handoff "${handoff_id}" for automation "${automation_id}"`, { automationID: automation_id, handoff_id });
  }
  const written = await execute(options, context, { ref, decide: () => ({ type: 'approve', approved_by: context.actor }) });
  return written.ok ? stored(written.value) : written;
};
