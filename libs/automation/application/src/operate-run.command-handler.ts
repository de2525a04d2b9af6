import { decideRun, liveAutomation, toRunRecord, type ChooseRecovery, type OperatorCommandOfRun, type RunRefusal, type RunState, type TargetDefinition } from '@cs/automation-domain';
import type { AggregateRef, CallContext, OperatorCommand, Run, RunEvent, RunRecord } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Loaded } from '@cs/eventing';
import { accepted, canonicalJson, refused, type Decision, type Result } from '@cs/kernel';
import { runAccess } from './access-check.js';
import { automationAggregate } from './automation.aggregate.js';
import type { DefinitionLibrary } from './definition-library.js';
import type { ExpressionEvaluator } from './expression.port.js';
import { runAggregate } from './run.aggregate.js';
import { automationRef } from './store-automation.command-handler.js';
import type { RunChanges } from './timers.port.js';

export interface OperatorOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly evaluator: ExpressionEvaluator;
  readonly changes: RunChanges;
}

export interface RunRequested {
  readonly run_id: string;
  readonly reason?: string | undefined;
  readonly command_id?: string | undefined;
}

export interface OperatedRun {
  readonly run: RunRecord;
  readonly position: number;
  /** What happened; empty when the command held already. */
  readonly events: readonly RunEvent[];
}

/** The run as a command left it, before it is shown to anybody. */
interface CommandedRun extends Omit<OperatedRun, 'run'> {
  readonly run: Run;
}

/** A run that its caller may operate, and the definition that a reset would go on with. */
export interface Operable {
  readonly loaded: Loaded<RunState>;
  readonly run: Run;
  /** The automation's definition of now, or the run's own when the automation is gone. */
  readonly target: TargetDefinition;
  /** The automation is there: `target` is its definition. */
  readonly isLive: boolean;
}

const refOf = ({ tenant }: CallContext, run_id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });

const notFound = (run_id: string): Result<never> => refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });

const targetOf = async ({ eventing, definitions }: OperatorOptions, context: CallContext, run: Run): Promise<Pick<Operable, 'target' | 'isLive'>> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, automationRef(context, run.automation_id));
  const live = liveAutomation(state, context.tenant.deployment_id);
  const hash = live?.definition_hash ?? run.workflow_definition_snapshot_hash;
  return { isLive: live !== undefined, target: { definition: await definitions.get(context.tenant, hash), hash, version: live?.definition_version ?? run.workflow_definition_version } };
};

/** Finds the run for its caller: its tenant, then its owner (domain 4.0). */
export const operable = async (options: OperatorOptions, context: CallContext, run_id: string): Promise<Result<Operable>> => {
  const loaded = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, refOf(context, run_id));
  const run = loaded.state;
  if (run === undefined || run.tenant_context.deployment_id !== context.tenant.deployment_id) return notFound(run_id);
  const allowed = await runAccess(options, context, { run, right: 'change' });
  return allowed.ok ? accepted({ loaded, run, ...(await targetOf(options, context, run)) }) : allowed;
};

/** Tells a repeated command from another one under the same key. */
export const commandOf = ({ eventing }: Pick<OperatorOptions, 'eventing'>, { actor }: CallContext, request: { readonly type: string; readonly command_id?: string | undefined }): { readonly command?: OperatorCommand } =>
  request.command_id === undefined ? {} : { command: { command_id: request.command_id, fingerprint: eventing.digest(canonicalJson({ actor: { kind: actor.kind, actor_id: actor.actor_id }, request })).slice(0, 32) } };

/** Decides a command under the append: preconditions are those of the run that is written to. */
export const commandRun = async (options: OperatorOptions, context: CallContext, { found, command }: { readonly found: Operable; readonly command: OperatorCommandOfRun | ChooseRecovery }): Promise<Result<CommandedRun>> => {
  const { eventing, definitions, changes } = options;
  const { loaded, run } = found;
  const definition = await definitions.get(context.tenant, run.workflow_definition_snapshot_hash);
  let events: readonly RunEvent[] = [];
  const result = await executeCommand(loaded.ref, {
    eventing, aggregate: runAggregate, loaded,
    decide: (state, at_ms): Decision<RunEvent, RunRefusal> => {
      const decision = decideRun(command, state, { at_ms, definition });
      events = decision.kind === 'accepted' ? decision.events : [];
      return decision;
    },
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: run.automation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to by others');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  // Whoever executes it finds out, at the latest when it writes; told, it stops its steps at once.
  if (result.changed) changes.announce(run.run_id);
  return accepted({ run: result.loaded.state ?? run, position: result.loaded.position, events });
};

/** The same, answered with the record of the run. */
export const operate = async (options: OperatorOptions, context: CallContext, request: { readonly found: Operable; readonly command: OperatorCommandOfRun }): Promise<Result<OperatedRun>> => {
  const done = await commandRun(options, context, request);
  return done.ok ? accepted({ ...done.value, run: toRunRecord(done.value.run) }) : done;
};

type Simple = 'pause_run' | 'resume_run' | 'cancel_run' | 'recover_run';

const operateRun = async (options: OperatorOptions, context: CallContext, { type, ...request }: RunRequested & { readonly type: Simple }): Promise<Result<OperatedRun>> => {
  const found = await operable(options, context, request.run_id);
  if (!found.ok) return found;
  const reason = request.reason === undefined ? {} : { reason: request.reason };
  return await operate(options, context, { found: found.value, command: { type, ...reason, ...commandOf(options, context, { type, ...request }) } });
};

export const pauseRun = (options: OperatorOptions, context: CallContext, request: RunRequested): Promise<Result<OperatedRun>> => operateRun(options, context, { ...request, type: 'pause_run' });
export const resumeRun = (options: OperatorOptions, context: CallContext, request: RunRequested): Promise<Result<OperatedRun>> => operateRun(options, context, { ...request, type: 'resume_run' });
/** No events: the run had ended already. */
export const cancelRun = (options: OperatorOptions, context: CallContext, request: RunRequested): Promise<Result<OperatedRun>> => operateRun(options, context, { ...request, type: 'cancel_run' });
export const recoverRun = (options: OperatorOptions, context: CallContext, request: RunRequested): Promise<Result<OperatedRun>> => operateRun(options, context, { ...request, type: 'recover_run' });
