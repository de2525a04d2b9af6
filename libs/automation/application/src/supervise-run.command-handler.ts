import { decideRun, isVisible, liveAutomation, toRunRecord, type RunCommand, type RunRefusal } from '@cs/automation-domain';
import type { AggregateRef, AutomationVersion, CallContext, GovernanceActor, GuardrailLimits, Run, RunRecord, UsageDelta } from '@cs/contracts';
import { executeCommand, loadAggregate, type Executed } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { automationAggregate } from './automation.aggregate.js';
import { runAggregate } from './run.aggregate.js';
import { operable, type OperatorOptions } from './operate-run.command-handler.js';
import { accessOf } from './resource-access.js';
import type { WakeOptions } from './wait-ending.js';

export type SupervisionOptions = Pick<WakeOptions, 'eventing' | 'definitions' | 'changes'>;
type WatchCommand = Extract<RunCommand, { type: 'dispatch_retry' | 'reap_stale' | 'auto_resume' | 'settle_pausing_on_restart' | 'renew_queue_message' }>;
type Outcome = Executed<Run | undefined, RunRefusal>;

const refOf = ({ tenant }: CallContext, run_id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'run', id: run_id });

const absent = (run_id: string): Result<never> => refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });

interface Commanded {
  readonly command: RunCommand;
  /** Absent: supervision itself, which sees every deployment. */
  readonly actor?: GovernanceActor;
  readonly deployment_id?: string | undefined;
}

/** Commands a run that exists; its runner, if it has one, is told. `undefined`: there is no such run. */
const commandRun = async ({ eventing, definitions, changes }: SupervisionOptions, ref: AggregateRef, { command, actor, deployment_id }: Commanded): Promise<Outcome | undefined> => {
  const loaded = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, ref);
  const { state } = loaded;
  if (state === undefined || (actor !== undefined && state.tenant_context.deployment_id !== deployment_id)) return undefined;
  const definition = await definitions.get(ref, state.workflow_definition_snapshot_hash);
  const result = await executeCommand(ref, {
    eventing, aggregate: runAggregate, loaded, context: { correlation_id: state.automation_id, ...(actor === undefined ? {} : { actor }) },
    decide: (run, at_ms) => decideRun(command, run, { at_ms, definition }),
  });
  if (result.kind === 'accepted' && result.changed) changes.announce(ref.id);
  return result;
};

export interface Supervised {
  readonly run: RunRecord;
  readonly position: number;
}

const answer = (result: Outcome | undefined, run_id: string): Result<Supervised> => {
  if (result === undefined) return absent(run_id);
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to');
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  return result.loaded.state === undefined ? absent(run_id) : accepted({ run: toRunRecord(result.loaded.state), position: result.loaded.position });
};

const asCaller = ({ actor, tenant }: CallContext) => ({ actor, deployment_id: tenant.deployment_id });

export interface GuardrailOverride {
  readonly run_id: string;
  readonly limits: GuardrailLimits;
  readonly reason?: string | undefined;
  readonly command_id?: string | undefined;
}

/** Raises limits of one run, for its owner or an administrator; a run that they had stopped goes on. */
export const overrideGuardrails = async (options: OperatorOptions, context: CallContext, { run_id, limits, reason, command_id }: GuardrailOverride): Promise<Result<Supervised>> => {
  const found = await operable(options, context, run_id);
  if (!found.ok) return found;
  return answer(await commandRun(options, refOf(context, run_id), { ...asCaller(context), command: {
    type: 'override_guardrails', limits, approved_by: context.actor, ...(reason === undefined ? {} : { reason }), ...(command_id === undefined ? {} : { command_id }),
  } }), run_id);
};

export interface UsageReport {
  readonly run_id: string;
  readonly usage_id: string;
  readonly usage: UsageDelta;
  readonly node_id?: string | undefined;
  readonly correlation_id?: string | undefined;
  readonly source?: string | undefined;
}

/** Adds what an external reporter counted. The same report again, within the last 200 of its run, adds nothing. */
export const recordUsage = async (options: OperatorOptions, context: CallContext, { run_id, usage_id, usage, node_id, correlation_id, source }: UsageReport): Promise<Result<Supervised>> => {
  const found = await operable(options, context, run_id);
  if (!found.ok) return found;
  return answer(await commandRun(options, refOf(context, run_id), { ...asCaller(context), command: {
    type: 'record_usage', usage_id, usage, ...(node_id === undefined ? {} : { node_id }), ...(correlation_id === undefined ? {} : { correlation_id }), ...(source === undefined ? {} : { source }),
  } }), run_id);
};

/** Lets supervision act on a run. True when it changed something; a run that needs nothing is left as it is. */
export const superviseRun = async (options: SupervisionOptions, ref: AggregateRef, command: WatchCommand): Promise<boolean> => {
  const result = await commandRun(options, ref, { command });
  return result?.kind === 'accepted' && result.changed;
};

/** The versions of an automation, newest first, as the log has them. */
export const automationVersions = async ({ eventing, definitions }: SupervisionOptions, { tenant, verified }: CallContext, automation_id: string): Promise<Result<{ readonly automation_id: string; readonly versions: readonly AutomationVersion[] }>> => {
  const ref: AggregateRef = { org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate: 'automation', id: automation_id };
  const { state } = await loadAggregate({ store: eventing.store, aggregate: automationAggregate }, ref);
  const live = liveAutomation(state, tenant.deployment_id);
  const isThere = live !== undefined && isVisible(accessOf(await definitions.get(tenant, live.definition_hash)), verified);
  if (!isThere) return refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automation_id}"`, { automationID: automation_id });
  return accepted({ automation_id, versions: [...live.versions].reverse() });
};
