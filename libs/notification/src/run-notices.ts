import { deadLetterEvents, describeProblems, problemsOf, runEvents, type Channel } from '@cs/contracts';
import { done, giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { toPosition, type Json } from '@cs/kernel';
import { z } from 'zod';
import type { GateOrigin } from './gate-card.js';
import { parseJson, published } from './gate-notices.js';
import type { Listed } from './list-card.js';
import { addToList, untoldAfterMs } from './list-delivery.js';
import { requestDelivery, type RequestDeliveriesOptions, type Requested } from './request-delivery.js';
import { quietUntil } from './route-gate.policy.js';
import { runFacts } from './run-facts.js';
import { listedLetter, listedMessage, runNoticeCard, type RunEnd } from './run-notice-card.js';

const noticeSchema = z.discriminatedUnion('event_type', [
  published('run_failed', runEvents.run_failed.data),
  published('run_blocked', runEvents.run_blocked.data),
  published('run_completed', runEvents.run_completed.data),
  published('effect_dead_lettered', runEvents.effect_dead_lettered.data),
  published('dead_letter_opened', deadLetterEvents.dead_letter_opened.data),
]);
type RunNotice = z.infer<typeof noticeSchema>;

/** Events of runs that channels can be told of. */
export const runNoticeEvents: readonly Exclude<RunNotice['event_type'], 'dead_letter_opened'>[] = ['run_failed', 'run_blocked', 'run_completed', 'effect_dead_lettered'];

const hourMs = 3_600_000;

const wanted: Readonly<Record<RunEnd['event_type'], 'failed' | 'blocked' | 'completed'>> = { run_failed: 'failed', run_blocked: 'blocked', run_completed: 'completed' };

const placeIn = ({ kind, channel_id, settings }: Channel) => ({ channel: kind, installation: channel_id, recipient: settings.run_notices.recipient ?? settings.recipient });

const isEnd = (event: RunNotice): event is Extract<RunNotice, RunEnd> => event.event_type !== 'effect_dead_lettered' && event.event_type !== 'dead_letter_opened';

interface Told {
  readonly event: RunNotice;
  readonly origin: GateOrigin;
}

/** Nothing of a run is worth waking anybody: gates are, by their escalation. */
const heldIn = ({ eventing }: RequestDeliveriesOptions, channel: Channel): { readonly not_before_ms?: number } => {
  const until = quietUntil(channel, {}, eventing.clock());
  return until === undefined ? {} : { not_before_ms: until };
};

const tellEnd = async (options: RequestDeliveriesOptions, { event, origin }: Told, channel: Channel): Promise<Requested> => {
  if (!isEnd(event) || channel.settings.run_notices[wanted[event.event_type]] !== true) return 'requested';
  return await requestDelivery(options, event, { ...placeIn(channel), notice: event.event_type, notification_key: event.event_id, run_id: origin.run_id, automation_id: origin.automation_id, card: runNoticeCard(origin, event), ...heldIn(options, channel) });
};

/** The dead letter that an event opens: of a message, of an effect that was given up, or of a step that failed for good. An effect and the step that it failed have one. */
const letterOf = ({ event, origin }: Told): { readonly id: string; readonly item: Listed } | undefined => {
  switch (event.event_type) {
    case 'dead_letter_opened': return { id: event.data.dead_letter_id, item: listedMessage(event.data) };
    case 'effect_dead_lettered': return { id: event.data.dead_letter_id, item: listedLetter(origin, event.data) };
    case 'run_failed': {
      const { dead_letter, node_id = '', detail } = event.data;
      return dead_letter && { id: dead_letter.dead_letter_id, item: listedLetter(origin, { node_id, reason: detail }) };
    }
    case 'run_blocked':
    case 'run_completed': return undefined;
  }
};

/** Told when more than so many open within one hour of the clock, once. */
const countDeadLetter = async (options: RequestDeliveriesOptions, told: Told, channel: Channel): Promise<Requested> => {
  const { event } = told;
  const above = channel.settings.run_notices.dead_letters_above;
  const letter = letterOf(told);
  if (above === undefined || letter === undefined) return 'requested';
  const due_ms = (Math.floor(event.occurred_at_ms / hourMs) + 1) * hourMs;
  return await addToList(options.eventing, event, { place: placeIn(channel), notice: 'dead_letters', due_ms, ...heldIn(options, channel), item_id: letter.id, item: letter.item satisfies Json, minimum_items: above + 1, public_url: options.publicUrl });
};

const originOf = async ({ eventing: { store }, publicUrl: public_url }: RequestDeliveriesOptions, event: RunNotice): Promise<GateOrigin> => {
  const { org_id, workspace_id, aggregate_id: run_id, event_id, position } = event;
  const facts = event.event_type === 'dead_letter_opened' ? { automation_id: 'none' } : await runFacts(store, { org_id, workspace_id, event_id, position: toPosition(position) });
  return { org_id, workspace_id, run_id, public_url, ...facts };
};

/** Asks the channels that want to know to tell what became of a run, or that dead letters pile up. */
export const requestRunNotices = async (options: RequestDeliveriesOptions, body: string): Promise<ConsumerOutcome> => {
  const parsed = noticeSchema.safeParse(parseJson(body));
  if (!parsed.success) return giveUp(`not an event that is told: ${describeProblems(problemsOf(parsed.error))}`);
  const event = parsed.data;
  // What happened longer ago was before anybody listened.
  if (options.eventing.clock() - event.occurred_at_ms > untoldAfterMs) return done;
  const channels = options.directory?.channelsOf(event).filter(({ status }) => status === 'enabled') ?? [];
  if (channels.length === 0) return done;
  const told: Told = { event, origin: await originOf(options, event) };
  const requested = await Promise.all(channels.flatMap(({ channel }) => [tellEnd(options, told, channel), countDeadLetter(options, told, channel)]));
  return requested.includes('contended') ? retryLater(1_000, 'others kept writing to the delivery') : done;
};
