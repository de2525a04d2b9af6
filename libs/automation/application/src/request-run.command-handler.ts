import { decideRun, findVersion, liveAutomation, toRunRecord, type RunState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, ParentRun, Run, RunEvent, RunRecord } from '@cs/contracts';
import { appendEvents, loadAggregate, unwritten, type Eventing, type IdSource } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Json, type Result } from '@cs/kernel';
import { automationAccess } from './access-check.js';
import { automationAggregate } from './automation.aggregate.js';
import { runIdFrom } from './child-run-id.js';
import type { DefinitionLibrary } from './definition-library.js';
import { inputProblems } from './input-validation.js';
import { runAggregate } from './run.aggregate.js';

export interface RequestRunOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly newId: IdSource;
}

export interface RunRequest {
  readonly automation_id: string;
  /** Absent or null: an empty object. */
  readonly input?: Json | undefined;
  readonly dry_run?: boolean | undefined;
  readonly execution_profile?: string | undefined;
  readonly command_id?: string | undefined;
  /** An id that follows from what asks for the run, so that asking again finds the same run; absent: from the key, or a new one. */
  readonly run_id?: string | undefined;
  /** Input partition that the run is pinned to; some definitions require one. */
  readonly runtime_context?: Json | undefined;
  /** Default `manual`. */
  readonly trigger_type?: string | undefined;
  readonly trigger_reason?: string | undefined;
  /** The node of another run that asks for this one and waits for it. */
  readonly parent?: ParentRun | undefined;
  /** The definition that was allowed: another one is refused. Absent: whatever it is. */
  readonly definition_hash?: string | undefined;
  /** Definition version to run; absent means the current one. */
  readonly version?: string | undefined;
}

export interface Requested {
  readonly run: RunRecord;
  readonly position: number;
}

/** With an idempotency key the id follows from it, so that the same request finds the same run. */
const runIdOf = ({ eventing, newId }: RequestRunOptions, { tenant, actor }: CallContext, request: RunRequest): string => {
  if (request.run_id !== undefined) return request.run_id;
  if (request.command_id === undefined) return `automation-v2-run-${newId()}`;
  const scope = [tenant.org_id, tenant.workspace_id, tenant.deployment_id ?? '', actor.actor_id ?? '', request.automation_id, request.command_id];
  return runIdFrom(eventing.digest(JSON.stringify(scope)));
};

interface Pinned {
  readonly definition: AutomationDefinition;
  readonly hash: string;
  readonly version: string;
}

const pin = async ({ eventing, definitions }: RequestRunOptions, { tenant }: CallContext, { automation_id, version, definition_hash }: RunRequest): Promise<Result<Pinned>> => {
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id };
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, ref);
  const automation = liveAutomation(state, tenant.deployment_id);
  if (automation === undefined) return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  if (automation.status === 'paused') return refused('AUTOMATION_V2_NOT_RUNNABLE', `automation "${automation_id}" is paused`, { automationID: automation_id });
  const wanted = version === undefined ? { version: automation.definition_version, hash: automation.definition_hash } : findVersion(automation.versions, version);
  if (wanted === undefined) return refused('AUTOMATION_V2_VERSION_NOT_FOUND', `automation "${automation_id}" has no version "${version ?? ''}"`, { automationID: automation_id });
  if (definition_hash !== undefined && wanted.hash !== definition_hash) return refused('GOVERNANCE_APPROVAL_MISMATCH', `automation "${automation_id}" has changed since this was allowed`, { automationID: automation_id });
  return accepted({ definition: await definitions.get(tenant, wanted.hash), hash: wanted.hash, version: wanted.version });
};

/** What asked for the run. */
const originOf = ({ trigger_type = 'manual', trigger_reason, parent }: RunRequest) => ({
  trigger_type, ...(trigger_reason === undefined ? {} : { trigger_reason }), ...(parent === undefined ? {} : { parent }),
});

const createdEvents = (run_id: string, { context, request, pinned, at_ms }: { context: CallContext; request: RunRequest; pinned: Pinned; at_ms: number }): readonly RunEvent[] => {
  const decision = decideRun(
    {
      type: 'request_run',
      created: {
        run_id, automation_id: request.automation_id, tenant_context: context.tenant, requested_by: context.actor, input: request.input ?? {},
        workflow_definition_version: pinned.version, workflow_definition_snapshot_hash: pinned.hash,
        effective_execution_profile: request.execution_profile ?? pinned.definition.execution?.profile ?? 'guided',
        node_ids: pinned.definition.flow.nodes.map(({ node_id }) => node_id),
        ...originOf(request),
        ...(request.dry_run === true ? { dry_run: true } : {}),
        ...(request.runtime_context === undefined ? {} : { runtime_context: request.runtime_context }),
      },
    },
    undefined,
    { at_ms, definition: pinned.definition },
  );
  return decision.kind === 'accepted' ? decision.events : [];
};

const refOf = ({ tenant }: CallContext, run_id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });

/** A dry run is complete without ever having started. */
const isDryRun = (run: Run): boolean => run.status === 'completed' && run.started_at_ms === undefined;

const isSameRequest = (run: Run, { input, runtime_context, dry_run = false, execution_profile = run.effective_execution_profile }: RunRequest): boolean =>
  canonicalJson([run.input, run.runtime_context ?? null]) === canonicalJson([input ?? {}, runtime_context ?? null]) && isDryRun(run) === dry_run && run.effective_execution_profile === execution_profile;

/** The run that an earlier request with the same id led to, if there is one. */
const existing = async ({ eventing }: RequestRunOptions, ref: AggregateRef, request: RunRequest): Promise<Result<Requested> | undefined> => {
  const { state, position }: { state: RunState; position: number } = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);
  if (state === undefined) return undefined;
  return isSameRequest(state, request) ? accepted({ run: toRunRecord(state), position }) : refused('IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for a run with another input');
};

const append = async (options: RequestRunOptions, context: CallContext, { request, pinned }: { request: RunRequest; pinned: Pinned }): Promise<Result<Requested>> => {
  const { eventing } = options;
  const run_id = runIdOf(options, context, request);
  const ref = refOf(context, run_id);
  const at_ms = eventing.clock();
  const appended = await appendEvents({ eventing, aggregate: runAggregate }, unwritten(runAggregate, ref), {
    events: createdEvents(run_id, { context, request, pinned, at_ms }),
    context: { at_ms, actor: context.actor, causation_id: context.correlation_id, correlation_id: request.automation_id },
  });
  if (appended.kind === 'conflict' || appended.loaded.state === undefined) {
    return (await existing(options, ref, request)) ?? refused('CONCURRENT_CHANGE', 'the run could not be written');
  }
  return accepted({ run: toRunRecord(appended.loaded.state), position: appended.loaded.position });
};

/** What the run would execute, if the automation may run with this input. */
const admit = async (options: RequestRunOptions, context: CallContext, request: RunRequest): Promise<Result<Pinned>> => {
  const allowed = await automationAccess(options, context, { automation_id: request.automation_id, right: 'change' });
  const pinned = allowed.ok ? await pin(options, context, request) : allowed;
  if (!pinned.ok) return pinned;
  const problems = inputProblems(pinned.value.definition, request.input ?? {});
  const [first] = problems;
  if (first === undefined) return pinned;
  return refused('AUTOMATION_V2_INPUT_INVALID', `${first.path} ${first.message}`, { problems: problems.map((problem) => ({ ...problem })) });
};

/**
 * Starts a run of an automation, for its owner or an administrator: one commit that pins the definition and makes the run runnable. A
 * request repeated with its key gets its first answer, also when the automation has changed since.
 */
export const requestRun = async (options: RequestRunOptions, context: CallContext, request: RunRequest): Promise<Result<Requested>> => {
  const admitted = await admit(options, context, request);
  if (admitted.ok) return await append(options, context, { request, pinned: admitted.value });
  if (request.command_id === undefined && request.run_id === undefined) return admitted;
  return (await existing(options, refOf(context, runIdOf(options, context, request)), request)) ?? admitted;
};
