import {
  channelCallbackEvents, destinationSchema, postedMessageSchema, systemWorkspace,
  type AggregateRef, type ChannelAudienceEvent, type ChannelCallbackEvent, type ChannelEvent, type ChannelThreadEvent, type Destination, type PostedMessage,
} from '@cs/contracts';
import type { Aggregate, Digest } from '@cs/eventing';
import type { Json } from '@cs/kernel';
import { z } from 'zod';
import type { Subject } from './request-delivery.js';
import { channelStateSchema, evolveChannel, type ChannelState } from './channel.state.js';

type Workspace = Pick<AggregateRef, 'org_id' | 'workspace_id'>;

export const channelAggregate: Aggregate<ChannelState, ChannelEvent> = {
  name: 'channel',
  initialState: { status: 'none' },
  evolve: evolveChannel,
  status: ({ status }) => status,
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (state): Json => state as unknown as Json,
  readState: (value) => channelStateSchema.parse(value),
};

export const channelRef = ({ org_id, workspace_id }: Workspace, channel_id: string): AggregateRef => ({ org_id, workspace_id, aggregate: 'channel', id: channel_id });

type Binding = ChannelCallbackEvent['data'] | undefined;

/** A callback address, bound once to its channel. */
export const channelCallbackAggregate: Aggregate<Binding, ChannelCallbackEvent> = {
  name: 'channel_callback',
  initialState: undefined,
  evolve: (_state, { data }) => data,
  status: () => 'bound',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (binding) => (binding ?? null) as unknown as Json,
  readState: (value) => channelCallbackEvents.channel_callback_bound.data.parse(value),
};

/** An address names no tenant, so its binding stands outside of all of them. */
export const channelCallbackRef = (callback_id: string): AggregateRef => ({ ...systemWorkspace, aggregate: 'channel_callback', id: callback_id });

type Thread = PostedMessage | undefined;

/** The first message about a run in a conversation. */
export const channelThreadAggregate: Aggregate<Thread, ChannelThreadEvent> = {
  name: 'channel_thread',
  initialState: undefined,
  evolve: (_state, { data }) => data.message,
  status: () => 'begun',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (message) => (message ?? null) as unknown as Json,
  readState: (value) => postedMessageSchema.parse(value),
};

interface Conversation extends Workspace {
  readonly installation: string;
  readonly recipient: string;
  readonly thread_key: string;
}

export const channelThreadRef = (digest: Digest, { org_id, workspace_id, installation, recipient, thread_key }: Conversation): AggregateRef => ({
  org_id, workspace_id, aggregate: 'channel_thread', id: digest([org_id, workspace_id, installation, recipient, thread_key].join('\n')).slice(0, 40),
});


/** Every place where the opening of a gate, or a question, is asked about; `undefined` before any was chosen. */
export type Audience = readonly Destination[] | undefined;

export const channelAudienceAggregate: Aggregate<Audience, ChannelAudienceEvent> = {
  name: 'channel_audience',
  initialState: undefined,
  evolve: (state = [], { data }) => [...state, ...data.destinations],
  status: () => 'chosen',
  isAtRest: () => true,
  stateVersion: 1,
  writeState: (audience) => (audience ?? null) as unknown as Json,
  readState: (value) => z.array(destinationSchema).readonly().parse(value),
};

export const channelAudienceRef = (digest: Digest, { org_id, workspace_id }: Workspace, subject: Subject): AggregateRef => ({
  org_id, workspace_id, aggregate: 'channel_audience', id: digest([org_id, workspace_id, 'request_id' in subject ? subject.request_id : subject.gate_opening_id].join('\n')).slice(0, 40),
});
