import { errorCatalogue, isErrorCode, type ChannelInteraction, type GateDecision, type RpcReply, type RunRecord } from '@cs/contracts';
import { isJsonObject } from '@cs/kernel';
import type { Settlement } from './channel-interaction.aggregate.js';

const labels: Readonly<Record<string, string>> = { approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired', timeout_resume: 'Went on without a decision' };

const labelOf = (decision: unknown): string => (typeof decision === 'string' ? (labels[decision] ?? 'Decided') : 'Decided');

/** After these nobody knows yet; the decision is asked for again. */
const unknown: ReadonlySet<string> = new Set(['SERVICE_UNAVAILABLE', 'LOG_UNAVAILABLE', 'INTERNAL', 'CONCURRENT_CHANGE']);
const over: ReadonlySet<string> = new Set(['AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED', 'AUTOMATION_V2_GATE_EXPIRED', 'AUTOMATION_V2_RUN_GATE_MISSING', 'AUTOMATION_V2_RUN_NOT_FOUND']);

const decided = (decision: GateDecision, run: RunRecord | undefined, { gate_opening_id }: ChannelInteraction): Settlement => {
  const stillWaits = run?.checkpoint.awaiting_gate?.gate_opening_id === gate_opening_id;
  return { outcome: 'decided', text: stillWaits ? `Your vote is recorded (${labelOf(decision).toLowerCase()}). Others have to decide too.` : `${labelOf(decision)}.` };
};

const tooLate = (code: string, details: Record<string, unknown> | undefined): Settlement => {
  const winner = details?.['winningDecision'];
  if (!isJsonObject(winner)) return { outcome: 'too_late', code, text: 'This request is no longer open.' };
  return { outcome: 'too_late', code, text: `Already decided: ${labelOf(winner['decision'])}.` };
};

const refused = (code: string, message: string): Settlement => {
  const known = isErrorCode(code) ? errorCatalogue[code] : undefined;
  return { outcome: 'refused', code, text: known === undefined ? `${message}.` : `${known.title}. ${known.remedy}` };
};

/** What an answer of the gate means for who acted; `undefined` when it is not known yet. */
export const settlementOf = (reply: RpcReply<RunRecord>, interaction: ChannelInteraction): Settlement | undefined => {
  if (reply.ok) return decided(interaction.decision, reply.value, interaction);
  const { code, message, details } = reply.refusal;
  if (unknown.has(code)) return undefined;
  if (code === 'ARCHIVE_BEHIND') return decided(interaction.decision, undefined, interaction);
  if (code === 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL' || over.has(code)) return tooLate(code, details);
  return refused(code, message);
};
