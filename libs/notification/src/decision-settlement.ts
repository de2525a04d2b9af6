import { errorCatalogue, gateDecisionRecordSchema, isErrorCode, pendingGateSchema, type ChannelInteraction, type GateDecision, type RpcReply, type RunRecord } from '@cs/contracts';
import { isJsonObject } from '@cs/kernel';
import { z } from 'zod';
import type { Settlement } from './channel-interaction.aggregate.js';

const labels: Readonly<Record<string, string>> = { approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired', timeout_resume: 'Went on without a decision' };
const votes: Readonly<Record<GateDecision, string>> = { approve: 'Your vote is recorded', rework: 'Your vote to send back is recorded', cancel: 'Your vote to cancel is recorded' };

const labelOf = (decision: unknown): string => (typeof decision === 'string' ? (labels[decision] ?? 'Decided') : 'Decided');

/** After these nobody knows yet; the decision is asked for again. */
const unknown: ReadonlySet<string> = new Set(['SERVICE_UNAVAILABLE', 'LOG_UNAVAILABLE', 'INTERNAL', 'CONCURRENT_CHANGE']);
const over: ReadonlySet<string> = new Set(['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', 'AUTOMATION_V2_GATE_EXPIRED', 'AUTOMATION_V2_RUN_GATE_MISSING', 'AUTOMATION_V2_RUN_NOT_FOUND']);

/** What a run that rests says of its gates. */
export const restingRunSchema = z.object({
  checkpoint: z.object({
    awaiting_gate: pendingGateSchema.pick({ gate_opening_id: true, votes: true, approvals_required: true }).optional(),
    gate_history: z.array(gateDecisionRecordSchema.pick({ gate_opening_id: true, decision: true })).readonly(),
  }),
});
type RestingRun = z.infer<typeof restingRunSchema>;
type OpenGate = NonNullable<RestingRun['checkpoint']['awaiting_gate']>;

const voted = (decision: GateDecision, { votes: cast = [], approvals_required = 1 }: OpenGate): Settlement => {
  const approvals = cast.filter((vote) => vote.decision === 'approve').length;
  return { outcome: 'decided', still_open: true, text: `${votes[decision]}: ${approvals} of ${approvals_required} approvals. Others have to decide too.` };
};

/** A vote can end a gate otherwise than its voter wanted. */
const ended = (wanted: GateDecision, outcome: string | undefined): string => {
  if (outcome === undefined) return `Your decision is recorded (${labelOf(wanted).toLowerCase()}).`;
  return outcome === wanted ? `${labelOf(outcome)}.` : `${votes[wanted]}. The gate is decided: ${labelOf(outcome)}.`;
};

const tookEffect = ({ decision, gate_opening_id }: ChannelInteraction, run: RestingRun | undefined): Settlement => {
  const gate = run?.checkpoint.awaiting_gate;
  if (gate?.gate_opening_id === gate_opening_id) return voted(decision, gate);
  const record = run?.checkpoint.gate_history.find((one) => one.gate_opening_id === gate_opening_id);
  return { outcome: 'decided', text: ended(decision, record?.decision) };
};

/** How a run can be over, in words; of one that goes on there is nothing to say. */
const overRuns: Readonly<Record<string, string>> = { cancelled: 'the run was cancelled', failed: 'the run failed', completed: 'the run is completed', blocked: 'the run is blocked' };

const noLongerOpen = (status: unknown): string => {
  const why = typeof status === 'string' ? overRuns[status] : undefined;
  return `This request is no longer open${why === undefined ? '' : `: ${why}`}.`;
};

/** The winner is the decision that a run took last; of an earlier release it names no opening. */
const isAboutSame = (winner: Readonly<Record<string, unknown>>, { node_id, gate_opening_id }: ChannelInteraction): boolean =>
  winner['node_id'] === node_id && (winner['gate_opening_id'] === undefined || winner['gate_opening_id'] === gate_opening_id);

const tooLate = (code: string, details: Readonly<Record<string, unknown>> | undefined, interaction: ChannelInteraction): Settlement => {
  const winner = details?.['winningDecision'];
  const isWon = isJsonObject(winner) && isAboutSame(winner, interaction);
  return { outcome: 'too_late', code, text: isWon ? `Already decided: ${labelOf(winner['decision'])}.` : noLongerOpen(details?.['currentStatus']) };
};

const refused = (code: string, message: string): Settlement => {
  const known = isErrorCode(code) ? errorCatalogue[code] : undefined;
  return { outcome: 'refused', code, text: known === undefined ? `${message}.` : `${known.title}. ${known.remedy}` };
};

/** It holds, and nobody says what became of the gate. */
export const holdsUnconfirmed = (reply: RpcReply<RunRecord>): boolean => !reply.ok && reply.refusal.code === 'ARCHIVE_BEHIND';

/** What an answer of the gate means for who acted; `undefined` when it is not known yet. `logged`: the run as the log has it, for an answer that does not say. */
export const settlementOf = (reply: RpcReply<RunRecord>, interaction: ChannelInteraction, logged?: RestingRun): Settlement | undefined => {
  if (reply.ok) return tookEffect(interaction, reply.value);
  if (holdsUnconfirmed(reply)) return tookEffect(interaction, logged);
  const { code, message, details } = reply.refusal;
  if (unknown.has(code)) return undefined;
  if (code === 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL' || over.has(code)) return tooLate(code, details, interaction);
  return refused(code, message);
};
