import { authorityRefusal, canonicalIdentity, isNamedApprover, type AuthorityRefusal } from '@cs/approval-domain';
import { runAccess, runAggregate, type DefinitionLibrary } from '@cs/automation-application';
import { decideRun, readDecision, toRunRecord, type DecideGate, type RunRefusal, type RunState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, decideGate as decideGateCall, PayloadOf, Run, RunEvent, RunRecord } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type Loaded, type IdSource, type ProjectionProgress } from '@cs/eventing';
import { accepted, refuse, refused, type Decision, type Refusal, type Result } from '@cs/kernel';
import { recordRefusal } from './gate-refusal.aggregate.js';

export interface DecideGateOptions {
  readonly eventing: Eventing;
  readonly definitions: DefinitionLibrary;
  readonly progress: ProjectionProgress;
  readonly newId: IdSource;
  /** How long a caller waits for the archive's confirmation. */
  readonly archiveTimeoutMs: number;
}

export type GateDecisionRequest = PayloadOf<typeof decideGateCall>;

export interface Decided {
  readonly run: RunRecord;
  readonly position: number;
}

type GateDecision = Decision<RunEvent, RunRefusal | AuthorityRefusal>;

const commandOf = ({ actor }: CallContext, request: GateDecisionRequest, decision_id: string): DecideGate => {
  const { run_id: _run, decision, ...rest } = request;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<DecideGate>;
  const voter = actor.actor_id === undefined ? {} : { voter: canonicalIdentity(actor.actor_id, actor.source) };
  return { ...given, ...voter, type: 'decide_gate', decision_id, decision, decided_by: actor };
};

/** The order is contract (domain 5.3): whoever may not decide is told so before the transition's guard is looked at. */
const comesAfterAuthority = (decision: Decision<RunEvent, RunRefusal>): boolean =>
  decision.kind === 'accepted' ? decision.events.length > 0 : decision.refusal.code === 'AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED';

/** The decision, unless whoever decides may not. */
const judge = (command: DecideGate, run: Run | undefined, { caller, ...context }: { at_ms: number; definition: AutomationDefinition; caller: CallContext }): GateDecision => {
  const decision = decideRun(command, run, context);
  const gate = run?.checkpoint.awaiting_gate;
  const word = readDecision(command.decision);
  if (run === undefined || gate === undefined || word === undefined || !comesAfterAuthority(decision)) return decision;
  const refusal = authorityRefusal({ actor: command.decided_by, verified: caller.verified, memberships: caller.memberships }, { decision: word, gate, run, at_ms: context.at_ms });
  return refusal === undefined ? decision : refuse(refusal);
};

const isVisible = (run: Run | undefined, { tenant }: CallContext): run is Run => run !== undefined && run.tenant_context.deployment_id === tenant.deployment_id;

const notFound = (run_id: string): Result<never> => refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });

const refuseAndRecord = async (options: DecideGateOptions, context: CallContext, { request, refusal }: { request: GateDecisionRequest; refusal: Refusal }): Promise<Result<never>> => {
  await recordRefusal(options, context, { run_id: request.run_id, decision: request.decision, refusal });
  return { ok: false, refusal };
};

const execute = async (options: DecideGateOptions, ref: AggregateRef, { command, run, context, loaded }: { command: DecideGate; run: Run; context: CallContext; loaded: Loaded<RunState> }) => {
  const definition = await options.definitions.get(ref, run.workflow_definition_snapshot_hash);
  return await executeCommand(ref, {
    eventing: options.eventing, aggregate: runAggregate, loaded,
    decide: (state, at_ms) => judge(command, state, { at_ms, definition, caller: context }),
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: run.automation_id },
  });
};

/** The owner of the automation, its administrators, and whom the gate names (domain 5.3, check 3). */
const mayDecide = async (options: DecideGateOptions, context: CallContext, run: Run): Promise<Result<true>> =>
  isNamedApprover({ actor: context.actor, verified: context.verified, memberships: context.memberships }, run) ? accepted(true) : await runAccess(options, context, { run, right: 'change' });

/**
 * Decides the gate that a run waits at. The first decision wins; everyone else is told the winner. The
 * answer comes when the decision is in the log and in the archive; `ARCHIVE_BEHIND` means that it
 * holds, but only the log has confirmed it so far.
 */
export const decideGate = async (options: DecideGateOptions, context: CallContext, request: GateDecisionRequest): Promise<Result<Decided>> => {
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'run', id: request.run_id };
  const loaded = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, ref);
  const { state } = loaded;
  if (!isVisible(state, context)) return notFound(request.run_id);
  if (context.actor.kind !== 'human') {
    const refusal = { code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', message: 'only a person may decide a gate', details: { runID: request.run_id, decidedBy: { ...context.actor } } };
    return await refuseAndRecord(options, context, { request, refusal });
  }
  const allowed = await mayDecide(options, context, state);
  if (!allowed.ok) return allowed;
  const result = await execute(options, ref, { command: commandOf(context, request, options.newId()), run: state, context, loaded });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to by others');
  if (result.kind === 'refused') return await refuseAndRecord(options, context, { request, refusal: result.refusal });
  const { state: run, position } = result.loaded;
  if (run === undefined) return notFound(request.run_id);
  if (!(await options.progress.waitFor(position, options.archiveTimeoutMs))) {
    return refused('ARCHIVE_BEHIND', 'the decision is in the log and holds; the archive has not confirmed it yet', { runID: request.run_id, position });
  }
  return accepted({ run: toRunRecord(run), position });
};
