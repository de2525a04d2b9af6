import { describeProblems, problemsOf, runEvents, type GateDecisionRecord, type PendingGate } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { z } from 'zod';

type Reminder = z.infer<typeof runEvents.approval_gate_reminder_due.data>;
type Escalation = z.infer<typeof runEvents.approval_gate_escalated.data>;

/** What a published event of a run is known by. */
export interface NoticeFacts {
  readonly event_id: string;
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly position: Position;
  readonly occurred_at_ms: number;
}

/** A published event that gates are told of, as far as the notifier needs it. `run_ended` and `run_reset` may concern an open gate. */
export type GateNotice = NoticeFacts & (
  | { readonly notice: 'gate_opened'; readonly gate: PendingGate }
  | { readonly notice: 'gate_voted'; readonly gate_opening_id: string }
  | { readonly notice: 'gate_reminded'; readonly reminder: Reminder }
  | { readonly notice: 'gate_escalated'; readonly escalation: Escalation }
  | { readonly notice: 'gate_decided'; readonly decision: GateDecisionRecord }
  | { readonly notice: 'gate_reopened'; readonly gate_opening_id: string }
  | { readonly notice: 'run_ended' | 'run_reset'; readonly reason: string }
);

/** A published event of a type. */
export const published = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ event_id: z.string(), event_type: z.literal(type), aggregate_id: z.string(), org_id: z.string(), workspace_id: z.string(), position: z.int().positive(), occurred_at_ms: z.int(), data });

const noticeSchema = z.discriminatedUnion('event_type', [
  published('approval_gate_opened', runEvents.approval_gate_opened.data),
  published('approval_gate_vote_recorded', runEvents.approval_gate_vote_recorded.data.pick({ gate_opening_id: true })),
  published('approval_gate_reminder_due', runEvents.approval_gate_reminder_due.data),
  published('approval_gate_escalated', runEvents.approval_gate_escalated.data),
  published('approval_gate_decided', runEvents.approval_gate_decided.data),
  published('approval_binding_broken', runEvents.approval_binding_broken.data.pick({ gate_opening_id: true })),
]);
type Published = z.infer<typeof noticeSchema>;

const ends = ['run_cancelled', 'run_failed', 'run_stopped', 'stateful_wait_timeout_cancelled_run'] as const;
const resets = ['run_recovered', 'run_recovered_from_pause', 'run_step_repaired', 'run_task_retried', 'run_task_requeued', 'run_task_continued'] as const;
const runEventSchema = z.object({ ...published('', z.object({ reason: z.string().optional(), detail: z.string().optional() })).shape, event_type: z.enum([...ends, ...resets]) });
type OfRun = z.infer<typeof runEventSchema>;

/** What the notifier follows. */
export const noticedEvents: readonly (Published | OfRun)['event_type'][] = [
  'approval_gate_opened', 'approval_gate_vote_recorded', 'approval_gate_reminder_due', 'approval_gate_escalated', 'approval_gate_decided', 'approval_binding_broken', ...ends, ...resets,
];

export type ReadNotice = { readonly ok: true; readonly notice: GateNotice } | { readonly ok: false; readonly reason: string };

/** `undefined` for what is no JSON. */
export const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

const noticeOf = (event: Published, facts: NoticeFacts): GateNotice => {
  switch (event.event_type) {
    case 'approval_gate_opened': return { ...facts, notice: 'gate_opened', gate: event.data.gate };
    case 'approval_gate_vote_recorded': return { ...facts, notice: 'gate_voted', gate_opening_id: event.data.gate_opening_id };
    case 'approval_gate_reminder_due': return { ...facts, notice: 'gate_reminded', reminder: event.data };
    case 'approval_gate_escalated': return { ...facts, notice: 'gate_escalated', escalation: event.data };
    case 'approval_gate_decided': return { ...facts, notice: 'gate_decided', decision: event.data };
    case 'approval_binding_broken': return { ...facts, notice: 'gate_reopened', gate_opening_id: event.data.gate_opening_id };
  }
};

const endings: ReadonlySet<string> = new Set(ends);

const noticeOfRun = ({ event_type, data: { reason, detail = event_type } }: OfRun, facts: NoticeFacts): GateNotice => ({ ...facts, notice: endings.has(event_type) ? 'run_ended' : 'run_reset', reason: reason ?? detail });

const eventSchema = z.union([noticeSchema, runEventSchema]);

const isOfRun = (event: Published | OfRun): event is OfRun => runEventSchema.shape.event_type.safeParse(event.event_type).success;

/** Reads the body of a message of CS_EVENTS. */
export const readGateNotice = (body: string): ReadNotice => {
  const parsed = eventSchema.safeParse(parseJson(body));
  if (!parsed.success) return { ok: false, reason: `not a gate event: ${describeProblems(problemsOf(parsed.error))}` };
  const { event_id, org_id, workspace_id, aggregate_id: run_id, occurred_at_ms, position } = parsed.data;
  const facts = { event_id, org_id, workspace_id, run_id, occurred_at_ms, position: toPosition(position) };
  return { ok: true, notice: isOfRun(parsed.data) ? noticeOfRun(parsed.data, facts) : noticeOf(parsed.data, facts) };
};
