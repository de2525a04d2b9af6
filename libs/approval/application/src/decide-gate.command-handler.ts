import { canonicalIdentity, hasSpoken, isNamedApprover, seatAt, standInQuestion, type AskedSeat } from '@cs/approval-domain';
import { runAccess, runAggregate, type DefinitionLibrary } from '@cs/automation-application';
import { lastDecidedGate, readDecision, recoveredGate, toRunRecord, type DecideGate, type RunState } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, decideGate as decideGateCall, PayloadOf, PendingGate, Run, RunRecord } from '@cs/contracts';
import { executeCommand, loadAggregate, type Eventing, type IdSource, type Loaded, type ProjectionProgress } from '@cs/eventing';
import { accepted, refused, type Position, type Refusal, type Result } from '@cs/kernel';
import { recordRefusal } from './gate-refusal.aggregate.js';
import { judgeDecision, type DecisionCase } from './judge-decision.js';
import { deciderOf, findSeat } from './seat.js';
import { useDelegation } from './use-delegation.js';

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

/** A request with what it is about. */
interface Asked {
  readonly ref: AggregateRef;
  readonly request: GateDecisionRequest;
  readonly loaded: Loaded<RunState>;
  readonly run: Run;
  readonly definition: AutomationDefinition;
  readonly gate: PendingGate | undefined;
}

const commandOf = ({ actor }: CallContext, request: GateDecisionRequest, decision_id: string): DecideGate => {
  const { run_id: _run, decision, on_behalf_of, ...rest } = request;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<DecideGate>;
  const named = on_behalf_of === undefined ? {} : { for_person: canonicalIdentity(on_behalf_of) };
  return { ...given, ...named, type: 'decide_gate', decision_id, decision, decided_by: actor };
};

const isVisible = (run: Run | undefined, { tenant }: CallContext): run is Run => run !== undefined && run.tenant_context.deployment_id === tenant.deployment_id;

const notFound = (run_id: string): Result<never> => refused('AUTOMATION_V2_RUN_NOT_FOUND', `there is no run "${run_id}"`, { runID: run_id });

const refuseAndRecord = async (options: DecideGateOptions, context: CallContext, { request, refusal }: { request: GateDecisionRequest; refusal: Refusal }): Promise<Result<never>> => {
  await recordRefusal(options, context, { run_id: request.run_id, decision: request.decision, refusal });
  return { ok: false, refusal };
};

/** What the log says, whatever a commit says of the state that it led to. */
const asFolded = { ...runAggregate, stateVersion: Number.MIN_SAFE_INTEGER };

/** A run that waits and does not know at which gate is folded anew: its events know (domain 5.6). */
const loadRun = async ({ store }: Eventing, ref: AggregateRef): Promise<Loaded<RunState>> => {
  const loaded = await loadAggregate({ store, aggregate: runAggregate }, ref);
  const isDamaged = loaded.state?.status === 'awaiting_approval' && loaded.state.checkpoint.awaiting_gate === undefined;
  return isDamaged ? await loadAggregate({ store, aggregate: asFolded }, ref) : loaded;
};

/** The gate that is asked about: the one that is open or, for who comes late, the one that was decided last. */
const gateInQuestion = ({ run, gate, definition }: Asked): PendingGate | undefined => gate ?? lastDecidedGate(run, definition);

/** The owner of the automation, its administrators, and whom the gate names (domain 5.3, check 3). */
const accessOfCaller = async (options: DecideGateOptions, context: CallContext, asked: Asked): Promise<Result<true>> =>
  isNamedApprover(deciderOf(context), gateInQuestion(asked)?.approvers) ? accepted(true) : await runAccess(options, context, { run: asked.run, right: 'change' });

const seatOf = async ({ eventing }: DecideGateOptions, context: CallContext, { asked, access }: { asked: Asked; access: Result<true> }): Promise<AskedSeat | undefined> => {
  const { run, definition, request } = asked;
  const [gate, decision] = [gateInQuestion(asked), readDecision(request.decision)];
  if (gate === undefined) return undefined;
  return await findSeat(eventing, context, { question: { run, gate, definition, decision: decision ?? 'cancel', mayDecide: access.ok }, asked: request.on_behalf_of });
};

/** Who may not decide here themself is let in by a seat that can be taken now. */
const isLetIn = ({ eventing }: DecideGateOptions, { actor }: CallContext, { asked, seat }: { asked: Asked; seat: AskedSeat | undefined }): boolean => {
  const gate = gateInQuestion(asked);
  return seat !== undefined && gate !== undefined && seatAt(seat, { ...standInQuestion(actor, gate, asked.run), at_ms: eventing.clock() }).ok;
};

type Outcome = Result<{ readonly run: RunState; readonly position: Position }>;

/** What says nothing of who may decide: who does not see the run, and who has to ask again. */
const unrecorded: ReadonlySet<string> = new Set(['AUTOMATION_V2_RUN_NOT_FOUND', 'CONCURRENT_CHANGE']);

const append = async (options: DecideGateOptions, { ref, loaded, run }: Asked, decisionCase: DecisionCase): Promise<Outcome> => {
  const { caller } = decisionCase;
  const result = await executeCommand(ref, {
    eventing: options.eventing, aggregate: runAggregate, loaded, decide: (state, at_ms) => judgeDecision(decisionCase, state ?? run, at_ms),
    context: { actor: caller.actor, causation_id: caller.correlation_id, correlation_id: run.automation_id },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to by others');
  return result.kind === 'refused' ? { ok: false, refusal: result.refusal } : accepted({ run: result.loaded.state, position: result.loaded.position });
};

/** A stand-in decides the opening that the use of the delegation names, and no other. */
const decideAsStandIn = async (options: DecideGateOptions, asked: Asked, { decisionCase, seat, gate }: { decisionCase: DecisionCase; seat: AskedSeat; gate: PendingGate }): Promise<Outcome> => {
  const { caller, command } = decisionCase;
  const now = judgeDecision(decisionCase, asked.run, options.eventing.clock());
  if (now.kind === 'refused' || now.events.length === 0) return await append(options, asked, decisionCase);
  const used = await useDelegation(options.eventing, caller, { seat, run: asked.run, gate, decision_id: command.decision_id ?? '', decision: command.decision });
  if (!used.ok) return used;
  return await append(options, asked, { ...decisionCase, seat: used.value, command: { ...command, gate_opening_id: command.gate_opening_id ?? gate.gate_opening_id } });
};

const decide = async (options: DecideGateOptions, context: CallContext, asked: Asked): Promise<Outcome> => {
  const access = await accessOfCaller(options, context, asked);
  const seat = await seatOf(options, context, { asked, access });
  if (!access.ok && !hasSpoken(asked.run, context) && !isLetIn(options, context, { asked, seat })) return access;
  const decisionCase: DecisionCase = { command: commandOf(context, asked.request, options.newId()), caller: context, definition: asked.definition, definition_hash: asked.run.workflow_definition_snapshot_hash, access, seat };
  return seat === undefined || asked.gate === undefined ? await append(options, asked, decisionCase) : await decideAsStandIn(options, asked, { decisionCase, seat, gate: asked.gate });
};

/**
 * Decides the gate that a run waits at. The first decision wins; everyone else is told the winner. The
 * answer comes when the decision is in the log and in the archive; `ARCHIVE_BEHIND` means that it
 * holds, but only the log has confirmed it so far.
 */
export const decideGate = async (options: DecideGateOptions, context: CallContext, request: GateDecisionRequest): Promise<Result<Decided>> => {
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'run', id: request.run_id };
  const loaded = await loadRun(options.eventing, ref);
  const { state: run } = loaded;
  if (!isVisible(run, context)) return notFound(request.run_id);
  if (context.actor.kind !== 'human') {
    const refusal = { code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', message: 'only a person may decide a gate', details: { runID: request.run_id, decidedBy: { ...context.actor } } };
    return await refuseAndRecord(options, context, { request, refusal });
  }
  const definition = await options.definitions.get(ref, run.workflow_definition_snapshot_hash);
  const gate = run.checkpoint.awaiting_gate ?? recoveredGate(run, definition);
  const result = await decide(options, context, { ref, request, loaded, run, definition, gate });
  if (!result.ok) return unrecorded.has(result.refusal.code) ? result : await refuseAndRecord(options, context, { request, refusal: result.refusal });
  const { run: after, position } = result.value;
  if (after === undefined) return notFound(request.run_id);
  if (!(await options.progress.waitFor(position, options.archiveTimeoutMs))) {
    return refused('ARCHIVE_BEHIND', 'the decision is in the log and holds; the archive has not confirmed it yet', { runID: request.run_id, position });
  }
  return accepted({ run: toRunRecord(after), position });
};
