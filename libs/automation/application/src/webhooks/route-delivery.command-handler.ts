import { decideWebhookDelivery, isFinished, matchesDelivery, type RoutedDelivery, type WebhookDeliveryCommand } from '@cs/automation-domain';
import { webhookLookbackMs, type AggregateRef, type OpenWait, type TenantContext, type WebhookTarget, type WebhookTrigger, type WebhookWait } from '@cs/contracts';
import { done, executeCommand, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type Executed } from '@cs/eventing';
import type { WebhookDelivery, WebhookDeliveryRefusal, WebhookDeliveryState } from '@cs/automation-domain';
import { runAggregate } from '../run.aggregate.js';
import type { StartRun } from './start-webhook-run.js';
import { webhookDeliveryAggregate, webhookDeliveryRef, webhookTriggerAggregate, webhookTriggerRef } from './webhook.aggregates.js';
import type { DeliverToWait, WebhookLookups } from './webhook.ports.js';

export interface RouteOptions {
  readonly eventing: Eventing;
  readonly lookups: WebhookLookups;
  readonly deliver: DeliverToWait;
  readonly startRun: StartRun;
}

/** Times that the first wait is tried, although others ended it first. */
const maxReleases = 50;
/** Waits that a delivery chooses from after that, so that those that come at once do not all choose the same. */
const waitsAtATime = 50;
const behindMs = 250;
const behind: ConsumerOutcome = retryLater(behindMs, 'the projections cannot be asked now');
const contended: ConsumerOutcome = retryLater(100, 'the delivery is being written to');

const load = async ({ eventing }: RouteOptions, ref: AggregateRef): Promise<WebhookDeliveryState> =>
  (await loadAggregate({ store: eventing.store, aggregate: webhookDeliveryAggregate }, ref)).state;

const write = ({ eventing }: RouteOptions, ref: AggregateRef, command: WebhookDeliveryCommand): Promise<Executed<WebhookDeliveryState, WebhookDeliveryRefusal>> =>
  executeCommand(ref, {
    eventing, aggregate: webhookDeliveryAggregate, context: { actor: { kind: 'system', source: 'automation_webhook_router' }, causation_id: ref.id },
    decide: (state) => decideWebhookDelivery(command, state),
  });

/** A refusal means that someone else was first, and goes on with it. */
const outcomeOf = ({ kind }: Executed<unknown, WebhookDeliveryRefusal>): ConsumerOutcome => (kind === 'contended' ? contended : done);

const triggerOf = async ({ eventing }: RouteOptions, { delivery }: RoutedDelivery): Promise<WebhookTrigger | undefined> =>
  (await loadAggregate({ store: eventing.store, aggregate: webhookTriggerAggregate }, webhookTriggerRef(delivery.tenant_context, delivery.trigger_id))).state;

const uuidOf = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;

/** The run of a delivery, the same however often it is asked for; a replay asks for another. */
const runIdOf = ({ eventing }: RouteOptions, { org_id, workspace_id, id }: AggregateRef, { replays }: RoutedDelivery): string =>
  `automation-v2-run-${uuidOf(eventing.digest(JSON.stringify(['webhook', org_id, workspace_id, id, replays])))}`;

const countsFor = (trigger: WebhookTrigger | undefined, { delivery }: RoutedDelivery): boolean =>
  trigger !== undefined && (trigger.event_kinds.length === 0 || trigger.event_kinds.includes(delivery.provider_event_kind ?? ''));

/** GitHub greets a new webhook with a ping: nothing happened. */
const isGreeting = (trigger: WebhookTrigger | undefined, { delivery }: RoutedDelivery): boolean =>
  delivery.provider === 'github' && delivery.provider_event_kind === 'ping' && trigger?.event_kinds.includes('ping') !== true;

const nextStep = (options: RouteOptions, ref: AggregateRef, { state, trigger, wait }: { readonly state: RoutedDelivery; readonly trigger: WebhookTrigger | undefined; readonly wait: WebhookTarget | undefined }): WebhookDeliveryCommand => {
  if (wait !== undefined) return { type: 'consume', target: wait };
  if (trigger?.starts_runs === true) return { type: 'consume', target: { kind: 'new_run', run_id: runIdOf(options, ref, state) } };
  return { type: 'leave_unmatched' };
};

/** A kind of event that the trigger is not for. */
const isSuppressed = (trigger: WebhookTrigger | undefined, state: RoutedDelivery): boolean => !countsFor(trigger, state) || isGreeting(trigger, state);

/** A delivery as far as waits look at it. */
const forWait = ({ delivery, payload }: RoutedDelivery): WebhookDelivery => {
  const { delivery_id, trigger_id, provider, provider_event_kind: kind, provider_event_id: id, idempotency_key, body_digest } = delivery;
  return { delivery_id, trigger_id, provider, ...(kind === undefined ? {} : { provider_event_kind: kind }), ...(id === undefined ? {} : { provider_event_id: id }), idempotency_key, body_digest, payload };
};

/** A wait that is open in the log, and takes the delivery. */
const isOpenFor = async ({ eventing: { store } }: RouteOptions, state: RoutedDelivery, { run_id, wait_id }: WebhookWait): Promise<boolean> => {
  const { org_id, workspace_id } = state.delivery.tenant_context;
  const { state: run } = await loadAggregate({ store, aggregate: runAggregate }, { org_id, workspace_id, aggregate: 'run', id: run_id });
  const wait = run?.checkpoint.open_waits.find((open) => open.wait_id === wait_id);
  return run !== undefined && !isFinished(run.status) && matchesDelivery(wait?.webhook_match, forWait(state));
};

/** Any of those that are open, another one for each delivery. */
const chooseOpen = async (options: RouteOptions, state: RoutedDelivery, waits: readonly WebhookWait[]): Promise<WebhookWait | undefined> => {
  const turn = Number.parseInt(options.eventing.digest(`${state.delivery.delivery_id} ${state.releases}`).slice(0, 8), 16) % Math.max(waits.length, 1);
  for (const wait of [...waits.slice(turn), ...waits.slice(0, turn)]) if (await isOpenFor(options, state, wait)) return wait;
  return undefined;
};

/** `undefined`: the projections are to be asked again, when they know more. */
const findWait = async (options: RouteOptions, state: RoutedDelivery, minPosition: number): Promise<{ readonly target: WebhookTarget | undefined } | undefined> => {
  const isContested = state.releases >= maxReleases;
  const limit = isContested ? waitsAtATime : 1;
  const waits = await options.lookups.waitsFor(state.delivery, { minPosition, limit });
  if (waits === undefined) return undefined;
  const chosen = isContested ? await chooseOpen(options, state, waits) : waits[0];
  // Others may stand behind a full page of those that have ended meanwhile.
  if (isContested && chosen === undefined && waits.length === limit) return undefined;
  return { target: chosen && { kind: 'wait', run_id: chosen.run_id, wait_id: chosen.wait_id } };
};

/**
 * Decides who gets an accepted delivery: the first wait that it fits, else a run of its own, else whoever
 * comes to wait for it within the lookback. `position`: where the delivery became free in the log.
 */
export const routeDelivery = async (options: RouteOptions, ref: AggregateRef, position: number): Promise<ConsumerOutcome> => {
  const state = await load(options, ref);
  if (state?.stage !== 'routing') return done;
  const trigger = await triggerOf(options, state);
  if (isSuppressed(trigger, state)) return outcomeOf(await write(options, ref, { type: 'suppress', reason: 'the trigger does not take events of this kind' }));
  const found = await findWait(options, state, position);
  return found === undefined ? behind : outcomeOf(await write(options, ref, nextStep(options, ref, { state, trigger, wait: found.target })));
};

const wakeWait = async (options: RouteOptions, { ref, state, target }: Consumed<'wait'>): Promise<ConsumerOutcome> => {
  const { tenant_context } = state.delivery;
  const run: AggregateRef = { org_id: tenant_context.org_id, workspace_id: tenant_context.workspace_id, aggregate: 'run', id: target.run_id };
  const delivered = await options.deliver(run, { wait_id: target.wait_id, delivery: forWait(state) });
  if (delivered.kind === 'contended') return retryLater(100, 'the run is being written to');
  if (delivered.kind === 'woken') return outcomeOf(await write(options, ref, { type: 'settle', target }));
  return outcomeOf(await write(options, ref, { type: 'release', target, reason: delivered.kind === 'not_matching' ? 'the wait is for another delivery' : 'the wait has ended' }));
};

interface Consumed<Kind extends WebhookTarget['kind']> {
  readonly ref: AggregateRef;
  readonly state: RoutedDelivery;
  readonly target: Extract<WebhookTarget, { kind: Kind }>;
}

const startRun = async (options: RouteOptions, { ref, state, target }: Consumed<'new_run'>): Promise<ConsumerOutcome> => {
  const started = await options.startRun({ state, trigger: await triggerOf(options, state), run_id: target.run_id });
  switch (started.kind) {
    case 'started':
      return outcomeOf(await write(options, ref, { type: 'settle', target }));
    case 'suppressed':
    case 'failed':
      return outcomeOf(await write(options, ref, { type: started.kind === 'failed' ? 'fail' : 'suppress', reason: started.reason }));
    case 'contended':
      return contended;
  }
};

/** Tells the receiver of a delivery. Repeated after a crash anywhere in between, it ends the same. */
export const settleDelivery = async (options: RouteOptions, ref: AggregateRef): Promise<ConsumerOutcome> => {
  const state = await load(options, ref);
  const target = state?.target;
  if (state?.stage !== 'consumed' || target === undefined) return done;
  return target.kind === 'wait' ? await wakeWait(options, { ref, state, target }) : await startRun(options, { ref, state, target });
};

export interface OpenedWait {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly run_id: string;
  readonly wait: OpenWait;
  /** Where the commit that opened it stands in the log. */
  readonly position: number;
}

/** The tenant of a run that still waits there. */
const waitingTenant = async ({ eventing }: RouteOptions, { org_id, workspace_id, run_id, wait }: OpenedWait): Promise<TenantContext | undefined> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: runAggregate }, { org_id, workspace_id, aggregate: 'run', id: run_id });
  return state?.checkpoint.open_waits.some(({ wait_id }) => wait_id === wait.wait_id) === true ? state.tenant_context : undefined;
};

/** Takes the first delivery that nobody else has. Where others have taken all that are listed, more may stand behind them: the list is asked for again when it knows. */
const takeFirst = async (options: RouteOptions, deliveries: readonly AggregateRef[], target: WebhookTarget): Promise<ConsumerOutcome> => {
  for (const ref of deliveries) {
    const result = await write(options, ref, { type: 'consume', target });
    if (result.kind !== 'refused') return outcomeOf(result);
  }
  return deliveries.length === 0 ? done : behind;
};

/**
 * A wait opened: a delivery that had come before, and that nobody has taken, ends it at once. Together with
 * `routeDelivery` none is missed: whichever of the two commits is later in the log finds the other.
 */
export const findEarlyDelivery = async (options: RouteOptions, opened: OpenedWait): Promise<ConsumerOutcome> => {
  const { run_id, wait: { wait_id, created_at_ms, webhook_match }, position } = opened;
  const trigger_id = webhook_match?.trigger_id;
  const tenant = trigger_id === undefined ? undefined : await waitingTenant(options, opened);
  if (trigger_id === undefined || tenant === undefined) return done;
  const received_from_ms = Math.max(0, created_at_ms - webhookLookbackMs);
  const found = await options.lookups.deliveriesFor(tenant, { match: { ...webhook_match, trigger_id }, received_from_ms, minPosition: position });
  return found === undefined ? behind : await takeFirst(options, found.map((id) => webhookDeliveryRef(tenant, id)), { kind: 'wait', run_id, wait_id });
};
