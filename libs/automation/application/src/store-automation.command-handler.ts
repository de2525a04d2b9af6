import { decideAutomation, definitionProblems, definitionVersion, liveAutomation, mutationProblem, normaliseDefinition, principalOf, type StoreAutomation } from '@cs/automation-domain';
import {
  automationDefinitionSchema, problemsOf, respell, type AutomationDefinition, type AutomationRecord, type CallContext, type Problem,
} from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing } from '@cs/eventing';
import { accepted, definedMembers, isJsonObject, refused, type Json, type Result } from '@cs/kernel';
import { armStored } from './arm-stored.js';
import { automationAggregate } from './automation.aggregate.js';
import { definitionHash, type DefinitionLibrary } from './definition-library.js';
import { expressionProblems } from './expression-problems.js';
import type { ExpressionEvaluator } from './expression.port.js';
import { declaredCapabilities, governanceProblems, keepingProvenance, provenanceOf, withProvenance } from './governance/provenance.js';
import { inputSchemaProblems, outputSchemaProblems, payloadSchemaProblems } from './input-validation.js';
import { questionSchemaProblems } from './question-schema.js';
import { accessOf, mayChange } from './resource-access.js';
import { scheduleProblems } from './schedule-problems.js';

export interface AutomationOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly evaluator: ExpressionEvaluator;
}

export interface Stored {
  readonly automation: AutomationRecord;
  readonly position: number;
}

const invalid = (problems: readonly Problem[]): Result<never> =>
  refused('AUTOMATION_V2_INVALID', `the definition has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}: ${problems[0]?.path ?? ''} ${problems[0]?.message ?? ''}`, {
    problems: problems.map((problem) => ({ ...problem })),
  });

/** `$schema` tells an editor how to help; it is no part of the definition. */
const withoutSchema = (raw: Json | undefined): Json | undefined => {
  if (!isJsonObject(raw)) return raw;
  const { $schema: _schema, ...definition } = raw;
  return definition;
};

/** Reads a definition as a client wrote it: spelling, shape, graph, expressions, JSON Schemas. */
export const readDefinition = (raw: Json, evaluator: ExpressionEvaluator): Result<AutomationDefinition> => {
  const parsed = automationDefinitionSchema.safeParse(withoutSchema(respell(raw)));
  if (!parsed.success) return invalid(problemsOf(parsed.error));
  const definition = parsed.data;
  const problems = [...definitionProblems(definition), ...expressionProblems(definition, evaluator), ...inputSchemaProblems(definition), ...outputSchemaProblems(definition), ...payloadSchemaProblems(definition), ...questionSchemaProblems(definition), ...scheduleProblems(definition), ...governanceProblems(definition)];
  return problems.length > 0 ? invalid(problems) : accepted(normaliseDefinition(definition));
};

export const automationRef = ({ tenant }: CallContext, automation_id: string) => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id }) as const;

type Wanted<Command = StoreAutomation> = Command extends StoreAutomation ? Omit<Command, 'stored'> : never;
type Change = Wanted & { readonly definition: AutomationDefinition; /** Of what an agent creates. */ readonly expires_at_ms?: number | undefined };

/** Stores a definition and what happened to its automation. */
export const storeChange = async ({ eventing, definitions }: AutomationOptions, context: CallContext, { definition, expires_at_ms, ...change }: Change): Promise<Result<Stored>> => {
  const definition_hash = definitionHash(eventing.digest, definition);
  const stored = {
    automation_id: definition.automation_id, tenant_context: context.tenant, name: definition.name, status: definition.status,
    definition_version: definitionVersion(definition, definition_hash), definition_hash, changed_by: context.actor,
    ...definedMembers({ resource_access: accessOf(definition), provenance: provenanceOf(definition), declared_capabilities: declaredCapabilities(definition), expires_at_ms }),
  };
  const ref = automationRef(context, definition.automation_id);
  // The definition goes first: an automation never refers to one that is not there.
  await definitions.store(context.tenant, definition);
  const result = await executeCommand(ref, {
    eventing, aggregate: automationAggregate, decide: (state, at_ms) => decideAutomation({ ...change, stored } as StoreAutomation, state, at_ms),
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: definition.automation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the automation is being changed by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  const { created_at_ms = 0, updated_at_ms = 0 } = result.loaded.state ?? {};
  const automation: AutomationRecord = { ...definition, tenant_context: context.tenant, definition_version: stored.definition_version, definition_hash, created_at_ms, updated_at_ms };
  return accepted({ automation, position: result.loaded.position });
};

/** What a verified caller creates is theirs, and private: it is shared by sharing it (domain 1.5). */
const owned = (definition: AutomationDefinition, { actor, verified }: CallContext): AutomationDefinition => {
  if (verified === undefined) return definition;
  const access = { owner_principal: principalOf(verified), visibility: 'private', audience_principals: [], created_by: { ...actor }, updated_by: { ...actor } };
  return { ...definition, metadata: { ...definition.metadata, resource_access: access } };
};

/** Stores what was read; whoever an agent is, what it creates says so. */
export const storeNew = async (options: AutomationOptions, context: CallContext, { definition, expires_at_ms }: { readonly definition: AutomationDefinition; readonly expires_at_ms?: number | undefined }): Promise<Result<Stored>> =>
  await armStored(options, await storeChange(options, context, { type: 'create', definition: withProvenance(owned(definition, context), context), expires_at_ms }));

/** Creates without asking what agents may: governance/govern-commands.ts does. */
export const createAutomation = async (options: AutomationOptions, context: CallContext, raw: Json): Promise<Result<Stored>> => {
  const definition = readDefinition(raw, options.evaluator);
  return definition.ok ? await storeNew(options, context, { definition: definition.value }) : definition;
};

/** How a definition is to change; called again when others changed the automation in between. */
export type Edit = (definition: AutomationDefinition) => Result<Wanted & { readonly definition: AutomationDefinition }>;

const changeOnce = async (options: AutomationOptions, context: CallContext, { automation_id, edit }: { automation_id: string; edit: Edit }): Promise<Result<Stored>> => {
  const { state } = await loadAggregate({ store: options.eventing.store, aggregate: automationAggregate }, automationRef(context, automation_id));
  const automation = liveAutomation(state, context.tenant.deployment_id);
  if (automation === undefined) return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  const definition = await options.definitions.get(context.tenant, automation.definition_hash);
  const allowed = mayChange(definition, context);
  if (!allowed.ok) return allowed;
  const change = edit(definition);
  // Judged again with the change; here it keeps what will be refused from being stored at all.
  const problem = change.ok ? mutationProblem(automation, { actor: context.actor, destructive: change.value.type === 'delete', at_ms: options.eventing.clock() }) : undefined;
  if (problem !== undefined) return { ok: false, refusal: problem };
  return change.ok ? await storeChange(options, context, { ...change.value, replaces: automation.definition_hash }) : change;
};

/** Times a change is made anew when others changed the automation in between. */
const maxChanges = 16;

/** Changes of several people add up: each is made from the definition that it replaces. */
export const changeAutomation = async (options: AutomationOptions, context: CallContext, change: { readonly automation_id: string; readonly edit: Edit }): Promise<Result<Stored>> => {
  let result = await changeOnce(options, context, change);
  for (let tries = 1; tries < maxChanges && !result.ok && result.refusal.code === 'CONCURRENT_CHANGE'; tries += 1) result = await changeOnce(options, context, change);
  return await armStored(options, result);
};

interface Patch {
  readonly automation_id: string;
  readonly patch: Json;
}

/** Whom it belongs to and who sees it is no matter of editing: sharing changes that. */
const keepingAccess = (definition: AutomationDefinition, { metadata: before }: AutomationDefinition): AutomationDefinition => {
  const { resource_access: _edited, ...metadata } = definition.metadata ?? {};
  const kept = before?.['resource_access'];
  if (kept !== undefined) return { ...definition, metadata: { ...metadata, resource_access: kept } };
  return definition.metadata === undefined ? definition : { ...definition, metadata };
};

const patched = ({ automation_id, patch }: Patch, evaluator: ExpressionEvaluator): Edit => (current) => {
  const change = respell(patch);
  if (!isJsonObject(change)) return invalid([{ path: '', code: 'invalid_type', message: 'a patch is an object with the members to replace' }]);
  if (change['automation_id'] !== undefined && change['automation_id'] !== automation_id) {
    return invalid([{ path: 'automation_id', code: 'immutable', message: 'the id of an automation cannot change' }]);
  }
  const members = Object.entries({ ...(current as unknown as Record<string, Json>), ...change }).filter(([, value]) => value !== null);
  const definition = readDefinition(Object.fromEntries(members), evaluator);
  return definition.ok ? accepted({ type: 'update', definition: keepingProvenance(keepingAccess(definition.value, current), current) }) : definition;
};

/** Replaces the top-level members that the patch has, and removes those that are null there; everything is checked again as a whole. */
export const patchAutomation = (options: AutomationOptions, context: CallContext, patch: Patch): Promise<Result<Stored>> =>
  changeAutomation(options, context, { automation_id: patch.automation_id, edit: patched(patch, options.evaluator) });
