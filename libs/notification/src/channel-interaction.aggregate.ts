import { channelInteractionSchema, type AggregateRef, type ChannelInteraction, type ChannelInteractionEvent } from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import { accept, definedMembers, refuse, type Decision, type Json, type Refusal } from '@cs/kernel';
import { z } from 'zod';

const outcomeSchema = z.enum(['decided', 'too_late', 'refused']);

const stateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('accepted'), interaction: channelInteractionSchema }),
  z.object({ status: z.literal('refused'), body_digest: z.string(), text: z.string() }),
  z.object({ status: z.literal('settled'), interaction: channelInteractionSchema, outcome: outcomeSchema, still_open: z.boolean().optional(), text: z.string() }),
]);

/** What somebody did in a channel, and what became of it. */
export type InteractionState = z.infer<typeof stateSchema>;
export type Settlement = Pick<Extract<InteractionState, { status: 'settled' }>, 'outcome' | 'still_open' | 'text'> & { readonly code?: string };

type Refused = Extract<ChannelInteractionEvent, { event_type: 'channel_interaction_refused' }>['data'];

export type InteractionCommand =
  | { readonly kind: 'receive'; readonly interaction: ChannelInteraction }
  | { readonly kind: 'refuse'; readonly refused: Refused }
  | { readonly kind: 'settle'; readonly settlement: Settlement };

export type InteractionRefusal = Refusal<'CHANNEL_INTERACTION_REUSED'>;

const digestOf = (state: Exclude<InteractionState, { status: 'none' }>): string => (state.status === 'refused' ? state.body_digest : state.interaction.body_digest);

/** The same thing again is no second interaction; another one under its identity is refused. */
const first = (event: ChannelInteractionEvent, body_digest: string, state: InteractionState): Decision<ChannelInteractionEvent, InteractionRefusal> => {
  if (state.status === 'none') return accept(event);
  return digestOf(state) === body_digest ? accept() : refuse({ code: 'CHANNEL_INTERACTION_REUSED', message: 'the identity of this interaction was used for another one' });
};

export const decideInteraction = (command: InteractionCommand, state: InteractionState): Decision<ChannelInteractionEvent, InteractionRefusal> => {
  switch (command.kind) {
    case 'receive': return first({ event_type: 'channel_interaction_received', data: { interaction: command.interaction } }, command.interaction.body_digest, state);
    case 'refuse': return first({ event_type: 'channel_interaction_refused', data: command.refused }, command.refused.body_digest, state);
    case 'settle': return state.status === 'accepted' ? accept({ event_type: 'channel_interaction_settled', data: command.settlement }) : accept();
  }
};

const evolve = (state: InteractionState, event: ChannelInteractionEvent): InteractionState => {
  switch (event.event_type) {
    case 'channel_interaction_received': return { status: 'accepted', interaction: event.data.interaction };
    case 'channel_interaction_refused': return { status: 'refused', body_digest: event.data.body_digest, text: event.data.detail };
    case 'channel_interaction_settled': return state.status === 'accepted' ? { status: 'settled', interaction: state.interaction, outcome: event.data.outcome, ...definedMembers({ still_open: event.data.still_open }), text: event.data.text } : state;
  }
};

/** What is `accepted` feeds the consumer that carries out what was left undone. */
export const channelInteractionAggregate: Aggregate<InteractionState, ChannelInteractionEvent> = {
  name: 'channel_interaction',
  initialState: { status: 'none' },
  evolve,
  status: ({ status }) => status,
  isAtRest: ({ status }) => status !== 'accepted',
  stateVersion: 1,
  writeState: (state): Json => state as unknown as Json,
  readState: (value) => stateSchema.parse(value),
};

/** The platform's own identity of an interaction, within its installation. */
export const channelInteractionRef = (digest: Digest, { org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, { channel_id, interaction_key }: { readonly channel_id: string; readonly interaction_key: string }): AggregateRef => ({
  org_id, workspace_id, aggregate: 'channel_interaction', id: digest([org_id, workspace_id, channel_id, interaction_key].join('\n')).slice(0, 40),
});
