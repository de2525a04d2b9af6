import type { Channel, ChannelConnection, ChannelEvent } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { channelAggregate, channelRef } from './channel-aggregates.js';
import { decideChannel, type ChannelRefusal } from './channel.decider.js';
import type { ChannelState } from './channel.state.js';

/** Records whether a platform was told where to call back. Throws when that cannot be recorded now. */
export const noteConnection = async (eventing: Eventing, channel: Channel, connection: Omit<ChannelConnection, 'since_ms'>): Promise<void> => {
  const result = await executeCommand<ChannelState, ChannelEvent, ChannelRefusal>(channelRef(channel.tenant_context, channel.channel_id), {
    eventing, aggregate: channelAggregate, context: {}, decide: (state, at_ms) => decideChannel({ kind: 'note_connection', channel, connection }, state, at_ms),
  });
  if (result.kind === 'contended') throw new Error('the channel is being changed by others');
};
