import type { Channel, ChannelConnection, ChannelStatus, ChannelUser } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { assertNever } from '@cs/kernel';
import { tenantKey, type TenantKey } from './tenant-key.js';
import { eventsOf, type RecordedIn } from './typed-events.js';

/** What an event says about a channel; `null` leaves what is known. */
export interface ChannelRow extends TenantKey {
  readonly channel_id: string;
  readonly status: ChannelStatus | null;
  readonly channel: Channel | null;
  readonly connection: ChannelConnection | null;
  /** Where it was set up: users from before belong to one that was removed. */
  readonly set_up_position: number | null;
  readonly created_at_ms: number | null;
  readonly position: number;
}

/** A user of a channel, whole. */
export interface ChannelUserRow extends TenantKey {
  readonly channel_id: string;
  readonly user_id: string;
  readonly user: ChannelUser;
  readonly position: number;
}

type Facts = Pick<ChannelRow, 'status' | 'channel' | 'connection' | 'set_up_position' | 'created_at_ms'>;
type Event = RecordedIn<'channel'>;

const unknown: Facts = { status: null, channel: null, connection: null, set_up_position: null, created_at_ms: null };

const configured = (channel: Channel, position: number): Facts => {
  const { created_at_ms, updated_at_ms } = channel;
  const isNew = created_at_ms === updated_at_ms;
  return { ...unknown, channel, created_at_ms, ...(isNew ? { status: 'enabled', set_up_position: position } : {}) };
};

// eslint-disable-next-line complexity -- one case for each event
const factsOf = (event: Event, position: number): Facts => {
  switch (event.event_type) {
    case 'channel_configured': return configured(event.data.channel, position);
    case 'channel_enabled': return { ...unknown, status: 'enabled' };
    case 'channel_disabled': return { ...unknown, status: 'disabled' };
    case 'channel_removed': return { ...unknown, status: 'removed' };
    case 'channel_connection_changed': return { ...unknown, connection: event.data.connection };
    case 'channel_user_changed':
    case 'channel_user_enrolled':
    case 'channel_enrolment_offered':
      return unknown;
    default: return assertNever(event);
  }
};

const tenantOf = (event: Event): TenantKey => tenantKey(event.event_type === 'channel_configured' ? event.data.channel.tenant_context : event.data.tenant_context);

export const projectChannels = (stored: StoredCommit): readonly ChannelRow[] =>
  eventsOf('channel', stored).map((event) => ({ ...tenantOf(event), channel_id: stored.ref.id, ...factsOf(event, stored.position), position: stored.position }));

export const projectChannelUsers = (stored: StoredCommit): readonly ChannelUserRow[] =>
  eventsOf('channel', stored).flatMap((event) => {
    if (event.event_type !== 'channel_user_changed' && event.event_type !== 'channel_user_enrolled') return [];
    const { user } = event.data;
    return [{ ...tenantOf(event), channel_id: stored.ref.id, user_id: user.user_id, user, position: stored.position }];
  });

/** What two rows of one channel say together; the later one wins where it speaks. */
export const mergeChannels = (before: ChannelRow, after: ChannelRow): ChannelRow => ({
  ...after, status: after.status ?? before.status, channel: after.channel ?? before.channel, connection: after.connection ?? before.connection,
  set_up_position: after.set_up_position ?? before.set_up_position, created_at_ms: after.created_at_ms ?? before.created_at_ms,
});
