import type { Decider } from '@cs/approval-domain';
import { runAccess, runAggregate, type DefinitionLibrary } from '@cs/automation-application';
import { flowGraph, type RunState } from '@cs/automation-domain';
import type { Action, AggregateRef, AutomationDefinition, CallContext, OperatorCommand, Run, RunEvent } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Executed, type Loaded } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Decision, type Json, type Refusal, type Result } from '@cs/kernel';
import type { DecideGateOptions } from './decide-gate.command-handler.js';
import { recordResponseRefusal, type RefusedResponse } from './gate-refusal.aggregate.js';

export type HumanRequestOptions = DecideGateOptions;

export interface Responded {
  /** The run after the response. */
  readonly run: Run;
  readonly position: number;
}

export type ResponseDecision = Decision<RunEvent, Refusal>;

/** A response on its way: what is responded, and what becomes of it on a state of the run. */
export interface Responding {
  readonly run_id: string;
  readonly request_id: string;
  readonly response: RefusedResponse['response'];
  /**
   * Somebody who may respond although the automation is not theirs to change. `action` is what the step
   * says whose request has ended: whoever was asked is told how it ended.
   */
  readonly isAsked: (run: Run, action: Action | undefined) => boolean;
  readonly judge: (run: Run, context: { readonly at_ms: number; readonly definition: AutomationDefinition }) => ResponseDecision;
}

/** What the caller's command is known by when it comes again, and what tells it from every other. */
export const commandOf = ({ eventing: { digest }, newId }: HumanRequestOptions, { command_id, said }: { readonly command_id: string | undefined; readonly said: Json }): { readonly response_id: string; readonly command?: OperatorCommand } => ({
  response_id: newId(), ...(command_id === undefined ? {} : { command: { command_id, fingerprint: digest(canonicalJson(said)) } }),
});

/** Who responds, as the gateway verified it. */
export const deciderOf = ({ actor, verified, memberships }: CallContext): Decider => ({ actor, verified, memberships });

const notFound = (run_id: string): Result<never> => refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });

const isVisible = (run: Run | undefined, { tenant }: CallContext): run is Run => run !== undefined && run.tenant_context.deployment_id === tenant.deployment_id;

const refuseAndRecord = async (options: HumanRequestOptions, context: CallContext, { responding, refusal }: { readonly responding: Responding; readonly refusal: Refusal }): Promise<Result<never>> => {
  const { run_id, request_id, response } = responding;
  await recordResponseRefusal(options, context, { run_id, request_id, response, refusal });
  return { ok: false, refusal };
};

interface Found {
  readonly ref: AggregateRef;
  readonly loaded: Loaded<RunState>;
  readonly run: Run;
}

const execute = async ({ eventing, definitions }: { readonly eventing: Eventing; readonly definitions: DefinitionLibrary }, context: CallContext, { found: { ref, loaded, run }, responding }: { readonly found: Found; readonly responding: Responding }): Promise<Executed<RunState, Refusal>> => {
  const definition = await definitions.get(ref, run.workflow_definition_snapshot_hash);
  return await executeCommand(ref, {
    eventing, aggregate: runAggregate, loaded,
    decide: (state, at_ms) => (state === undefined ? { kind: 'refused', refusal: { code: 'AUTOMATION_V2_RUN_NOT_FOUND', message: 'there is no such run' } } : responding.judge(state, { at_ms, definition })),
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: run.automation_id },
  });
};

/** The action of the step whose request has ended. */
const endedAction = async ({ definitions }: HumanRequestOptions, run: Run, request_id: string): Promise<Action | undefined> => {
  const ended = run.checkpoint.ended_requests?.find((end) => end.request_id === request_id);
  if (ended === undefined) return undefined;
  const definition = await definitions.get(run.tenant_context, run.workflow_definition_snapshot_hash);
  return flowGraph(definition).nodes.get(ended.node_id)?.action;
};

/** The run, when this caller may respond for it at all: a person who was asked, its owner or an administrator. */
const find = async (options: HumanRequestOptions, context: CallContext, responding: Responding): Promise<Result<Found>> => {
  const { org_id, workspace_id } = context.tenant;
  const ref: AggregateRef = { org_id, workspace_id, aggregate: 'run', id: responding.run_id };
  const loaded = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, ref);
  const { state: run } = loaded;
  if (!isVisible(run, context)) return notFound(responding.run_id);
  if (context.actor.kind !== 'human') {
    const details = { runID: run.run_id, requestID: responding.request_id, respondedBy: { ...context.actor } };
    return await refuseAndRecord(options, context, { responding, refusal: { code: 'AUTOMATION_V2_HUMAN_REQUEST_REQUIRES_HUMAN', message: 'only a person may respond', details } });
  }
  const allowed = responding.isAsked(run, await endedAction(options, run, responding.request_id)) ? accepted(true as const) : await runAccess(options, context, { run, right: 'change' });
  return allowed.ok ? accepted({ ref, loaded, run }) : allowed;
};

/**
 * Takes one response of a person: checked and appended on the same state of the run, so that the first
 * one wins and everyone else is told so. Answered when it is in the log and in the archive.
 */
export const respond = async (options: HumanRequestOptions, context: CallContext, responding: Responding): Promise<Result<Responded>> => {
  const found = await find(options, context, responding);
  if (!found.ok) return found;
  const result = await execute(options, context, { found: found.value, responding });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to by others');
  if (result.kind === 'refused') return await refuseAndRecord(options, context, { responding, refusal: result.refusal });
  const { state, position } = result.loaded;
  if (state === undefined) return notFound(responding.run_id);
  if (!(await options.progress.waitFor(position, options.archiveTimeoutMs))) {
    return refused('ARCHIVE_BEHIND', 'the response is in the log and holds; the archive has not confirmed it yet', { runID: responding.run_id, position });
  }
  return accepted({ run: state, position });
};
