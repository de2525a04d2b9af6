import { describeProblems, problemsOf, runEvents, type GateDecisionRecord, type PendingGate } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { z } from 'zod';

type Reminder = z.infer<typeof runEvents.approval_gate_reminder_due.data>;
type Escalation = z.infer<typeof runEvents.approval_gate_escalated.data>;

/** A published event that gates are told of, as far as the notifier needs it. `run_ended` may concern an open gate. */
export type GateNotice = {
  readonly event_id: string;
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly position: Position;
  readonly occurred_at_ms: number;
} & (
  | { readonly notice: 'gate_opened'; readonly gate: PendingGate }
  | { readonly notice: 'gate_reminded'; readonly reminder: Reminder }
  | { readonly notice: 'gate_escalated'; readonly escalation: Escalation }
  | { readonly notice: 'gate_decided'; readonly decision: GateDecisionRecord }
  | { readonly notice: 'run_ended'; readonly reason: string }
);

const published = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ event_id: z.string(), event_type: z.literal(type), aggregate_id: z.string(), org_id: z.string(), workspace_id: z.string(), position: z.int().positive(), occurred_at_ms: z.int(), data });

const noticeSchema = z.discriminatedUnion('event_type', [
  published('approval_gate_opened', runEvents.approval_gate_opened.data),
  published('approval_gate_reminder_due', runEvents.approval_gate_reminder_due.data),
  published('approval_gate_escalated', runEvents.approval_gate_escalated.data),
  published('approval_gate_decided', runEvents.approval_gate_decided.data),
  published('run_cancelled', runEvents.run_cancelled.data),
  published('run_failed', runEvents.run_failed.data),
]);
type Published = z.infer<typeof noticeSchema>;

/** What the notifier follows. */
export const noticedEvents: readonly Published['event_type'][] = ['approval_gate_opened', 'approval_gate_reminder_due', 'approval_gate_escalated', 'approval_gate_decided', 'run_cancelled', 'run_failed'];

export type ReadNotice = { readonly ok: true; readonly notice: GateNotice } | { readonly ok: false; readonly reason: string };

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

type Facts = Pick<GateNotice, 'event_id' | 'org_id' | 'workspace_id' | 'run_id' | 'position' | 'occurred_at_ms'>;

const noticeOf = (event: Published, facts: Facts): GateNotice => {
  switch (event.event_type) {
    case 'approval_gate_opened': return { ...facts, notice: 'gate_opened', gate: event.data.gate };
    case 'approval_gate_reminder_due': return { ...facts, notice: 'gate_reminded', reminder: event.data };
    case 'approval_gate_escalated': return { ...facts, notice: 'gate_escalated', escalation: event.data };
    case 'approval_gate_decided': return { ...facts, notice: 'gate_decided', decision: event.data };
    case 'run_cancelled': return { ...facts, notice: 'run_ended', reason: event.data.reason };
    case 'run_failed': return { ...facts, notice: 'run_ended', reason: event.data.detail };
  }
};

/** Reads the body of a message of CS_EVENTS. */
export const readGateNotice = (body: string): ReadNotice => {
  const parsed = noticeSchema.safeParse(parseJson(body));
  if (!parsed.success) return { ok: false, reason: `not a gate event: ${describeProblems(problemsOf(parsed.error))}` };
  const { event_id, org_id, workspace_id, aggregate_id: run_id, occurred_at_ms, position } = parsed.data;
  return { ok: true, notice: noticeOf(parsed.data, { event_id, org_id, workspace_id, run_id, occurred_at_ms, position: toPosition(position) }) };
};
