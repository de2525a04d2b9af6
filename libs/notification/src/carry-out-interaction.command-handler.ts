import type { AggregateRef, CallContext, ChannelInteraction, ChannelInteractionEvent } from '@cs/contracts';
import { done, executeCommand, loadAggregate, retryLater, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { cardSchema } from './card.schema.js';
import { channelInteractionAggregate, decideInteraction, type InteractionCommand, type InteractionRefusal, type InteractionState, type Settlement } from './channel-interaction.aggregate.js';
import { holdsUnconfirmed, restingRunSchema, settlementOf } from './decision-settlement.js';
import { deliveryAggregate } from './delivery-aggregate.js';
import type { GateDecider } from './gate-decider.port.js';
import { endingOf } from './prepare-delivery.js';

export interface CarryOutOptions {
  readonly eventing: Eventing;
  readonly gate: GateDecider;
}

/** Whoever received it is still at it for so long. */
const leftAloneMs = 5_000;
const retryMs = 2_000;
const decideMs = 10_000;

export const commandInteraction = async ({ eventing }: Pick<CarryOutOptions, 'eventing'>, ref: AggregateRef, { command, causation_id }: { readonly command: InteractionCommand; readonly causation_id: string }) =>
  await executeCommand<InteractionState, ChannelInteractionEvent, InteractionRefusal>(ref, { eventing, aggregate: channelInteractionAggregate, context: { causation_id }, decide: (state) => decideInteraction(command, state) });

const contextOf = ({ tenant_context, actor }: ChannelInteraction, correlation_id: string): CallContext => ({ tenant: tenant_context, actor, correlation_id });

/** Who decided, as the card says it, where that is known here already. */
const asTold = async (eventing: Eventing, ref: AggregateRef, { delivery_id }: ChannelInteraction): Promise<string | undefined> => {
  const { state } = await loadAggregate({ store: eventing.store, aggregate: deliveryAggregate }, { ...ref, aggregate: 'delivery', id: delivery_id });
  const ending = state.status === 'none' ? undefined : await endingOf(eventing, ref, state.request);
  if (ending === undefined) return undefined;
  return cardSchema.safeParse(ending.request.card).data?.summary;
};

/** What the log says of the run, where it rests. */
const loggedRun = async ({ store }: Eventing, { org_id, workspace_id }: AggregateRef, run_id: string) =>
  restingRunSchema.safeParse((await store.last({ org_id, workspace_id, aggregate: 'run', id: run_id }))?.commit.state?.value).data;

/**
 * Decides what an interaction asks for, bound to the opening that its card was about, and records what became of
 * it. The same interaction again is the same decision. `undefined`: not known yet.
 */
export const carryOut = async ({ eventing, gate }: CarryOutOptions, ref: AggregateRef, { interaction, timeoutMs }: { readonly interaction: ChannelInteraction; readonly timeoutMs: number }): Promise<Settlement | undefined> => {
  const { run_id, decision, reason, approval_request_id, gate_opening_id } = interaction;
  const reply = await gate.decide({ run_id, decision, reason, approval_request_id, gate_opening_id, command_id: ref.id }, contextOf(interaction, ref.id), timeoutMs);
  const settled = settlementOf(reply, interaction, holdsUnconfirmed(reply) ? await loggedRun(eventing, ref, run_id) : undefined);
  if (settled === undefined) return undefined;
  const told = settled.outcome === 'too_late' ? await asTold(eventing, ref, interaction) : undefined;
  const settlement: Settlement = told === undefined ? settled : { ...settled, text: `Already settled: ${told}` };
  await commandInteraction({ eventing }, ref, { command: { kind: 'settle', settlement }, causation_id: ref.id });
  return settlement;
};

/** Carries out what was received and left undone, e.g. because its process died. */
export const carryOutLeftInteraction = async (options: CarryOutOptions, { ref, commit }: StoredCommit): Promise<ConsumerOutcome> => {
  const { eventing } = options;
  const { state } = await loadAggregate({ store: eventing.store, aggregate: channelInteractionAggregate }, ref);
  if (state.status !== 'accepted') return done;
  const age = eventing.clock() - (commit.events[0]?.recorded_at_ms ?? 0);
  if (age < leftAloneMs) return retryLater(leftAloneMs - age, 'whoever received it is still at it');
  const settled = await carryOut(options, ref, { interaction: state.interaction, timeoutMs: decideMs });
  return settled === undefined ? retryLater(retryMs, 'the gate did not answer') : done;
};
