import { describeProblems, problemsOf, runEvents, type GateDecisionRecord, type PendingGate } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { z } from 'zod';

/** A published gate event, as far as the notifier needs it. */
export type GateNotice = {
  readonly event_id: string;
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly position: Position;
  readonly occurred_at_ms: number;
} & ({ readonly notice: 'gate_opened'; readonly gate: PendingGate } | { readonly notice: 'gate_decided'; readonly decision: GateDecisionRecord });

const published = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ event_id: z.string(), event_type: z.literal(type), aggregate_id: z.string(), org_id: z.string(), workspace_id: z.string(), position: z.int().positive(), occurred_at_ms: z.int(), data });

const noticeSchema = z.discriminatedUnion('event_type', [
  published('approval_gate_opened', runEvents.approval_gate_opened.data),
  published('approval_gate_decided', runEvents.approval_gate_decided.data),
]);

export type ReadNotice = { readonly ok: true; readonly notice: GateNotice } | { readonly ok: false; readonly reason: string };

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** Reads the body of a message of CS_EVENTS. */
export const readGateNotice = (body: string): ReadNotice => {
  const parsed = noticeSchema.safeParse(parseJson(body));
  if (!parsed.success) return { ok: false, reason: `not a gate event: ${describeProblems(problemsOf(parsed.error))}` };
  const event = parsed.data;
  const { event_id, org_id, workspace_id, aggregate_id: run_id, occurred_at_ms } = event;
  const common = { event_id, org_id, workspace_id, run_id, occurred_at_ms, position: toPosition(event.position) };
  return {
    ok: true,
    notice: event.event_type === 'approval_gate_opened' ? { ...common, notice: 'gate_opened', gate: event.data.gate } : { ...common, notice: 'gate_decided', decision: event.data },
  };
};
