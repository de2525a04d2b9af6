import { deadLetterEvents, describeProblems, problemsOf, runEvents, type Channel } from '@cs/contracts';
import { done, giveUp, retryLater, type ConsumerOutcome } from '@cs/eventing';
import { z } from 'zod';
import { addToList } from './list-delivery.js';
import type { NoticeCard } from './notice-card.schema.js';
import { redactText } from './redact-text.js';
import { requestDelivery, type RequestDeliveriesOptions, type Requested } from './request-delivery.js';
import { quietUntil } from './route-gate.policy.js';

const published = <Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({ event_id: z.string(), event_type: z.literal(type), aggregate_id: z.string(), org_id: z.string(), workspace_id: z.string(), occurred_at_ms: z.int(), data });

const noticeSchema = z.discriminatedUnion('event_type', [
  published('run_failed', runEvents.run_failed.data),
  published('run_blocked', runEvents.run_blocked.data),
  published('run_completed', runEvents.run_completed.data),
  published('dead_letter_opened', deadLetterEvents.dead_letter_opened.data),
]);
type RunNotice = z.infer<typeof noticeSchema>;
type OfRun = Exclude<RunNotice, { event_type: 'dead_letter_opened' }>;
type DeadLetter = Extract<RunNotice, { event_type: 'dead_letter_opened' }>;

/** Events of runs that channels can be told of. */
export const runNoticeEvents: readonly OfRun['event_type'][] = ['run_failed', 'run_blocked', 'run_completed'];

/** What happened longer ago was before anybody listened. */
const oldAfterMs = 3_600_000;
const hourMs = 3_600_000;
const maxTextLength = 2_000;

const wanted: Readonly<Record<OfRun['event_type'], 'failed' | 'blocked' | 'completed'>> = { run_failed: 'failed', run_blocked: 'blocked', run_completed: 'completed' };
const titles: Readonly<Record<OfRun['event_type'], string>> = { run_failed: 'A run failed', run_blocked: 'A run is blocked', run_completed: 'A run is done' };
const tones: Readonly<Record<OfRun['event_type'], NoticeCard['tone']>> = { run_failed: 'bad', run_blocked: 'warning', run_completed: 'good' };

const shown = (text: string): string => redactText(text).slice(0, maxTextLength);

const detailOf = (event: OfRun): string => {
  if (event.event_type === 'run_failed') return shown(event.data.detail);
  return event.event_type === 'run_blocked' ? 'A person has to say what became of an effect before it goes on.' : '';
};

const cardOf = (event: OfRun): NoticeCard => ({
  kind: 'notice', title: titles[event.event_type], body_markdown: detailOf(event), tone: tones[event.event_type],
  fields: [{ label: 'Run', value: event.aggregate_id }, { label: 'Workspace', value: event.workspace_id }], items: [],
});

const placeIn = ({ kind, channel_id, settings }: Channel) => ({ channel: kind, installation: channel_id, recipient: settings.run_notices.recipient ?? settings.recipient });

/** Nothing of a run is worth waking anybody: gates are, by their escalation. */
const heldIn = ({ eventing }: RequestDeliveriesOptions, channel: Channel): { readonly not_before_ms?: number } => {
  const until = quietUntil(channel, {}, eventing.clock());
  return until === undefined ? {} : { not_before_ms: until };
};

const tellRun = (options: RequestDeliveriesOptions, event: OfRun, channel: Channel): Promise<Requested> =>
  requestDelivery(options, event, { ...placeIn(channel), notice: event.event_type, notification_key: event.event_id, run_id: event.aggregate_id, card: cardOf(event), ...heldIn(options, channel) });

/** Told when more than so many open within one hour of the clock, once. */
const countDeadLetter = async (options: RequestDeliveriesOptions, event: DeadLetter, channel: Channel): Promise<Requested> => {
  const above = channel.settings.run_notices.dead_letters_above;
  if (above === undefined) return 'requested';
  const { dead_letter_id, consumer, reason } = event.data;
  const due_ms = (Math.floor(event.occurred_at_ms / hourMs) + 1) * hourMs;
  return await addToList(options.eventing, event, { place: placeIn(channel), notice: 'dead_letters', due_ms, ...heldIn(options, channel), item_id: dead_letter_id, item: { text: shown(`${consumer}: ${reason}`) }, minimum_items: above + 1 });
};

const tell = (options: RequestDeliveriesOptions, event: RunNotice, channel: Channel): Promise<Requested> => {
  if (event.event_type === 'dead_letter_opened') return countDeadLetter(options, event, channel);
  return channel.settings.run_notices[wanted[event.event_type]] ? tellRun(options, event, channel) : Promise.resolve('requested');
};

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** Asks the channels that want to know to tell what became of a run, or that dead letters pile up. */
export const requestRunNotices = async (options: RequestDeliveriesOptions, body: string): Promise<ConsumerOutcome> => {
  const parsed = noticeSchema.safeParse(parseJson(body));
  if (!parsed.success) return giveUp(`not an event that is told: ${describeProblems(problemsOf(parsed.error))}`);
  const event = parsed.data;
  if (options.eventing.clock() - event.occurred_at_ms > oldAfterMs) return done;
  const channels = options.directory?.channelsOf(event).filter(({ status }) => status === 'enabled') ?? [];
  const requested = await Promise.all(channels.map(({ channel }) => tell(options, event, channel)));
  return requested.includes('contended') ? retryLater(1_000, 'others kept writing to the delivery') : done;
};
