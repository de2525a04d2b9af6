import { authorityRefusal, isSameIdentity } from '@cs/approval-domain';
import { runAccess, runAggregate } from '@cs/automation-application';
import { decideRun, flowGraph, recoveryOf, reviewMetadata, type DecideCompensation } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, CallContext, decideCompensation as decideCompensationCall, FlowNode, PayloadOf, PendingGate, Run, RunCompensation } from '@cs/contracts';
import { executeCommand, loadAggregate } from '@cs/eventing';
import { accepted, canonicalJson, definedMembers, refuse, refused, type Position, type Refusal, type Result } from '@cs/kernel';
import type { DecideGateOptions } from './decide-gate.command-handler.js';
import { recordRefusal } from './gate-refusal.aggregate.js';
import { deciderOf, requesterOf } from './seat.js';

export type CompensationDecisionRequest = PayloadOf<typeof decideCompensationCall>;

export interface CompensationDecided {
  readonly compensation: RunCompensation;
  readonly position: number;
}

const notFound = (run_id: string): Result<never> => refused('stateful_run_not_found', `there is no run "${run_id}"`, { run_id });

/** What is approved is as consequential as the node whose effect it undoes: the same people may, as at a gate of it. */
const gateLike = (run: Run, node: FlowNode, compensation_id: string): PendingGate => ({
  node_id: node.node_id, approval_request_id: compensation_id, gate_opening_id: compensation_id, wait_id: compensation_id, transition_id: compensation_id, title: node.objective, decisions: ['approve', 'cancel'], rework_targets: [],
  requested_at_ms: run.updated_at_ms, upstream_node_ids: [], ...definedMembers({ risk_tier: node.risk_tier, data_classes: node.data_classes, metadata: reviewMetadata(node) }),
});

interface Question {
  readonly run: Run;
  readonly definition: AutomationDefinition;
  readonly request: CompensationDecisionRequest;
  readonly at_ms: number;
}

/** Who asked for the run, and who asked for the compensation: neither approves it where it is consequential. */
const refusalOf = (context: CallContext, { run, definition, request, at_ms }: Question): Refusal | undefined => {
  const compensation = recoveryOf(run).compensations[request.compensation_id];
  const node = compensation && flowGraph(definition).nodes.get(compensation.node_id);
  if (compensation === undefined || node === undefined) return undefined;
  const gate = gateLike(run, node, request.compensation_id);
  const decision = request.decision === 'cancel' ? 'cancel' : 'approve';
  const askers = [requesterOf(run, definition), ...(compensation.requested_by === undefined ? [] : [compensation.requested_by])];
  const requester = askers.find((asker) => isSameIdentity(asker, context.actor)) ?? askers[0];
  return authorityRefusal(deciderOf(context), { decision, gate, run, at_ms, requester });
};

const commandOf = ({ eventing }: DecideGateOptions, { actor }: CallContext, request: CompensationDecisionRequest): DecideCompensation => {
  const { compensation_id, decision, reason, command_id } = request;
  const command = command_id === undefined ? undefined : { command_id, fingerprint: eventing.digest(canonicalJson({ actor: { kind: actor.kind, actor_id: actor.actor_id }, request })).slice(0, 32) };
  return { type: 'decide_compensation', compensation_id, decision, by: actor, ...definedMembers({ reason, command }) };
};

const refuseAndRecord = async (options: DecideGateOptions, context: CallContext, { request, refusal }: { readonly request: CompensationDecisionRequest; readonly refusal: Refusal }): Promise<Result<never>> => {
  await recordRefusal(options, context, { run_id: request.run_id, decision: request.decision, refusal });
  return { ok: false, refusal };
};

const append = async (options: DecideGateOptions, context: CallContext, { ref, request, run, definition }: Omit<Question, 'at_ms'> & { readonly ref: AggregateRef }) => {
  const command = commandOf(options, context, request);
  return await executeCommand(ref, {
    eventing: options.eventing, aggregate: runAggregate,
    decide: (state, at_ms) => {
      const refusal = refusalOf(context, { run: state ?? run, definition, request, at_ms });
      return refusal === undefined ? decideRun(command, state, { at_ms, definition }) : refuse(refusal);
    },
    context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: run.automation_id },
  });
};

/** What says nothing of who may decide is not kept as a refusal. */
const isDenial = ({ code }: Refusal): boolean => code.startsWith('AUTOMATION_V2_');

interface Found {
  readonly ref: AggregateRef;
  readonly run: Run;
}

/** Finds the run for its caller: its tenant, then a person, then its owner or an administrator. */
const find = async (options: DecideGateOptions, context: CallContext, request: CompensationDecisionRequest): Promise<Result<Found>> => {
  const ref: AggregateRef = { org_id: context.tenant.org_id, workspace_id: context.tenant.workspace_id, aggregate: 'run', id: request.run_id };
  const { state: run } = await loadAggregate({ store: options.eventing.store, aggregate: runAggregate }, ref);
  if (run === undefined || run.tenant_context.deployment_id !== context.tenant.deployment_id) return notFound(request.run_id);
  const access = await runAccess(options, context, { run, right: 'change' });
  if (!access.ok) return access.refusal.code === 'AUTOMATION_V2_RUN_NOT_FOUND' ? notFound(request.run_id) : await refuseAndRecord(options, context, { request, refusal: access.refusal });
  if (context.actor.kind === 'human') return accepted({ ref, run });
  return await refuseAndRecord(options, context, { request, refusal: { code: 'AUTOMATION_V2_GATE_REQUIRES_HUMAN', message: 'only a person may decide a compensation', details: { runID: request.run_id, compensation_id: request.compensation_id } } });
};

const confirmed = async ({ progress, archiveTimeoutMs }: DecideGateOptions, { run_id, compensation_id }: CompensationDecisionRequest, { state, position }: { readonly state: Run | undefined; readonly position: Position }): Promise<Result<CompensationDecided>> => {
  const compensation = state && recoveryOf(state).compensations[compensation_id];
  if (compensation === undefined) return refused('stateful_compensation_not_found', `the run has no compensation "${compensation_id}"`, { compensation_id });
  if (await progress.waitFor(position, archiveTimeoutMs)) return accepted({ compensation, position });
  return refused('ARCHIVE_BEHIND', 'the decision is in the log and holds; the archive has not confirmed it yet', { runID: run_id, position });
};

/** A person decides a compensation. The first decision holds; what was approved is executed by a runner. */
export const decideCompensation = async (options: DecideGateOptions, context: CallContext, request: CompensationDecisionRequest): Promise<Result<CompensationDecided>> => {
  const found = await find(options, context, request);
  if (!found.ok) return found;
  const { ref, run } = found.value;
  const definition = await options.definitions.get(ref, run.workflow_definition_snapshot_hash);
  const result = await append(options, context, { ref, request, run, definition });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the run is being written to by others');
  if (result.kind === 'accepted') return await confirmed(options, request, result.loaded);
  return isDenial(result.refusal) ? await refuseAndRecord(options, context, { request, refusal: result.refusal }) : { ok: false, refusal: result.refusal };
};
