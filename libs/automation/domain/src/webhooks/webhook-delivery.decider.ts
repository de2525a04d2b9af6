import { accept, refuse, type Decision, type Json, type Refusal } from '@cs/kernel';
import type { GovernanceActor, WebhookDeliveryEvent, WebhookDeliveryFacts, WebhookTarget } from '@cs/contracts';

/**
 * Where an accepted delivery is. `routing`: to be given to someone; `consumed`: given, and its receiver is
 * to be told; `unmatched`: nothing waits for it yet; `settled`: nothing more comes of it.
 */
export type WebhookStage = 'routing' | 'consumed' | 'unmatched' | 'settled';

export interface RoutedDelivery {
  readonly delivery: WebhookDeliveryFacts;
  readonly status: 'accepted' | 'rejected' | 'disabled' | 'suppressed' | 'failed';
  readonly stage: WebhookStage;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Json;
  readonly target?: WebhookTarget;
  /** When it was given to its target, in ms. */
  readonly consumed_at_ms?: number;
  readonly repeated: number;
  readonly replays: number;
  /** How often a wait that had been chosen had ended otherwise. */
  readonly releases: number;
}
/** A delivery, or `undefined` before it came. */
export type WebhookDeliveryState = RoutedDelivery | undefined;

type Arrival = Extract<WebhookDeliveryEvent, { event_type: 'webhook_delivery_accepted' | 'webhook_delivery_rejected' | 'webhook_delivery_disabled' }>;

export type WebhookDeliveryCommand =
  | { readonly type: 'receive'; readonly arrival: Arrival; readonly at_ms: number }
  | { readonly type: 'consume'; readonly target: WebhookTarget }
  | { readonly type: 'release'; readonly target: WebhookTarget; readonly reason: string }
  | { readonly type: 'settle'; readonly target: WebhookTarget }
  | { readonly type: 'leave_unmatched' }
  | { readonly type: 'suppress'; readonly reason: string }
  | { readonly type: 'fail'; readonly reason: string }
  | { readonly type: 'replay'; readonly replayed_by: GovernanceActor };

export type WebhookDeliveryRefusal = Refusal<'WEBHOOK_DELIVERY_NOT_FOUND' | 'WEBHOOK_DELIVERY_NOT_REPLAYABLE' | 'delivery_taken'>;
type Decided = Decision<WebhookDeliveryEvent, WebhookDeliveryRefusal>;

/** Repetitions that are recorded; more of them would only fill the log. */
export const maxRecordedRepetitions = 8;

export const isSameTarget = (a: WebhookTarget | undefined, b: WebhookTarget): boolean =>
  a !== undefined && a.kind === b.kind && a.run_id === b.run_id && (a.kind !== 'wait' || b.kind !== 'wait' || a.wait_id === b.wait_id);

const receive = ({ arrival, at_ms }: Extract<WebhookDeliveryCommand, { type: 'receive' }>, state: WebhookDeliveryState): Decided => {
  if (state === undefined) return accept(arrival);
  if (arrival.event_type !== 'webhook_delivery_accepted' || state.repeated >= maxRecordedRepetitions) return accept();
  return accept({ event_type: 'webhook_delivery_repeated', data: { receipt_id: arrival.data.receipt_id, received_at_ms: at_ms } });
};

const taken = refuse({ code: 'delivery_taken', message: 'someone else has the delivery' } as const);

/** Nobody has it: it is being routed, or waits for someone to come. */
export const isFree = ({ stage }: RoutedDelivery): boolean => stage === 'routing' || stage === 'unmatched';

const consume = (target: WebhookTarget, state: RoutedDelivery): Decided => {
  if (isFree(state)) return accept({ event_type: 'webhook_delivery_consumed', data: { target } });
  return isSameTarget(state.target, target) ? accept() : taken;
};

const holds = (state: RoutedDelivery, target: WebhookTarget): boolean => state.stage === 'consumed' && isSameTarget(state.target, target);

const settle = (target: WebhookTarget, state: RoutedDelivery): Decided => {
  if (!holds(state, target)) return accept();
  const { run_id } = target;
  return accept({ event_type: 'webhook_delivery_routed', data: target.kind === 'wait' ? { outcome: 'wake_run', run_id, wait_id: target.wait_id } : { outcome: 'new_run', run_id } });
};

const replay = (replayed_by: GovernanceActor, state: RoutedDelivery): Decided => {
  const isAccepted = state.status !== 'rejected' && state.status !== 'disabled';
  if (!isAccepted || state.stage === 'routing' || state.stage === 'consumed') return refuse({ code: 'WEBHOOK_DELIVERY_NOT_REPLAYABLE', message: `the delivery is ${isAccepted ? 'still being routed' : state.status}` });
  return accept({ event_type: 'webhook_delivery_replayed', data: { replay: state.replays + 1, replayed_by, tenant_context: state.delivery.tenant_context } });
};

const end = (event_type: 'webhook_delivery_suppressed' | 'webhook_delivery_failed', reason: string, { stage }: RoutedDelivery): Decided =>
  stage === 'settled' ? accept() : accept({ event_type, data: { reason } });

type Named<Type extends WebhookDeliveryCommand['type']> = Extract<WebhookDeliveryCommand, { type: Type }>;
type Deciders = { readonly [Type in Exclude<WebhookDeliveryCommand['type'], 'receive'>]: (command: Named<Type>, state: RoutedDelivery) => Decided };

/** One entry for every command on a delivery that came. */
const deciders: Deciders = {
  consume: ({ target }, state) => consume(target, state),
  release: ({ target, reason }, state) => (holds(state, target) ? accept({ event_type: 'webhook_delivery_released', data: { target, reason } }) : accept()),
  settle: ({ target }, state) => settle(target, state),
  leave_unmatched: (_command, { stage }) => (stage === 'routing' ? accept({ event_type: 'webhook_delivery_unmatched', data: {} }) : accept()),
  suppress: ({ reason }, state) => end('webhook_delivery_suppressed', reason, state),
  fail: ({ reason }, state) => end('webhook_delivery_failed', reason, state),
  replay: ({ replayed_by }, state) => replay(replayed_by, state),
};

/** Judges a command on a delivery. A delivery is given to one receiver at a time, whoever asks for it at once. */
export const decideWebhookDelivery = (command: WebhookDeliveryCommand, state: WebhookDeliveryState): Decided => {
  if (command.type === 'receive') return receive(command, state);
  if (state === undefined) return refuse({ code: 'WEBHOOK_DELIVERY_NOT_FOUND', message: 'there is no such delivery' });
  // The table has, for each type, the decider of exactly that type; the compiler cannot see the pairing.
  const decide = deciders[command.type] as (command: WebhookDeliveryCommand, state: RoutedDelivery) => Decided;
  return decide(command, state);
};

type RecordedDeliveryEvent = WebhookDeliveryEvent & { readonly recorded_at_ms: number };

const arrived = ({ event_type, data }: Arrival): RoutedDelivery => {
  const known = { delivery: data.delivery, repeated: 0, replays: 0, releases: 0 };
  if (event_type === 'webhook_delivery_accepted') return { ...known, status: 'accepted', stage: 'routing', headers: data.headers, payload: data.payload };
  return { ...known, status: event_type === 'webhook_delivery_rejected' ? 'rejected' : 'disabled', stage: 'settled', headers: {}, payload: null };
};

const routingAgain = ({ target: _target, consumed_at_ms: _at, ...state }: RoutedDelivery): RoutedDelivery => ({ ...state, status: 'accepted', stage: 'routing' });

type Later = Exclude<RecordedDeliveryEvent, Arrival>;
type Evolvers = { readonly [Type in Later['event_type']]: (state: RoutedDelivery, event: Extract<Later, { event_type: Type }>) => RoutedDelivery };

const evolvers: Evolvers = {
  webhook_delivery_repeated: (state) => ({ ...state, repeated: state.repeated + 1 }),
  webhook_delivery_consumed: (state, { data, recorded_at_ms }) => ({ ...state, stage: 'consumed', target: data.target, consumed_at_ms: recorded_at_ms }),
  webhook_delivery_released: (state) => ({ ...routingAgain(state), releases: state.releases + 1 }),
  webhook_delivery_routed: (state) => ({ ...state, stage: 'settled' }),
  webhook_delivery_unmatched: (state) => ({ ...state, stage: 'unmatched' }),
  webhook_delivery_suppressed: (state) => ({ ...state, status: 'suppressed', stage: 'settled' }),
  webhook_delivery_failed: (state) => ({ ...state, status: 'failed', stage: 'settled' }),
  webhook_delivery_replayed: (state, { data }) => ({ ...routingAgain(state), replays: data.replay, releases: 0 }),
};

const isArrival = (event: RecordedDeliveryEvent): event is Arrival & { readonly recorded_at_ms: number } =>
  event.event_type === 'webhook_delivery_accepted' || event.event_type === 'webhook_delivery_rejected' || event.event_type === 'webhook_delivery_disabled';

export const evolveWebhookDelivery = (state: WebhookDeliveryState, event: RecordedDeliveryEvent): WebhookDeliveryState => {
  if (isArrival(event)) return arrived(event);
  const evolve = evolvers[(event as Later).event_type] as (state: RoutedDelivery, event: RecordedDeliveryEvent) => RoutedDelivery;
  return state && evolve(state, event);
};

/** The routing token: `accepted` feeds the router, `consumed` what tells the receiver. */
export const webhookDeliveryToken = (state: WebhookDeliveryState): string => {
  if (state === undefined) return 'absent';
  if (state.status !== 'accepted') return state.status;
  return state.stage === 'routing' ? 'accepted' : state.stage;
};
