import { channelConnectionSchema, channelSchema, channelUserSchema, type ChannelEvent, type ChannelUser } from '@cs/contracts';
import { z } from 'zod';

const enrolmentSchema = z.object({ enrolment_id: z.string(), person: z.string(), expires_at_ms: z.int() });

const known = { channel: channelSchema, users: z.array(channelUserSchema).readonly(), enrolments: z.array(enrolmentSchema).readonly(), connection: channelConnectionSchema.optional() };

export const channelStateSchema = z.discriminatedUnion('status', [
  z.object({ status: z.literal('none') }),
  z.object({ status: z.literal('enabled'), ...known }),
  z.object({ status: z.literal('disabled'), ...known }),
  z.object({ status: z.literal('removed'), ...known }),
]);

/** An installation with the users that it knows and the codes that were offered. `none` before it was set up. */
export type ChannelState = z.infer<typeof channelStateSchema>;
export type InstalledChannel = Exclude<ChannelState, { readonly status: 'none' }>;
export type Enrolment = z.infer<typeof enrolmentSchema>;

const withUser = (users: readonly ChannelUser[], changed: ChannelUser): readonly ChannelUser[] => [...users.filter(({ user_id }) => user_id !== changed.user_id), changed];

type Configured = Extract<ChannelEvent, { event_type: 'channel_configured' }>;

const configured = (state: ChannelState, { data: { channel } }: Configured): ChannelState => {
  if (state.status === 'none' || state.status === 'removed') return { status: 'enabled', channel, users: [], enrolments: [] };
  return { ...state, channel };
};

const afterSetUp = (state: InstalledChannel, event: Exclude<ChannelEvent, Configured>): ChannelState => {
  switch (event.event_type) {
    case 'channel_enabled': return { ...state, status: 'enabled' };
    case 'channel_disabled': return { ...state, status: 'disabled' };
    case 'channel_removed': return { ...state, status: 'removed', users: [], enrolments: [] };
    case 'channel_connection_changed': return { ...state, connection: event.data.connection };
    case 'channel_user_changed': return { ...state, users: withUser(state.users, event.data.user) };
    case 'channel_enrolment_offered': {
      const { enrolment_id, person, expires_at_ms } = event.data;
      return { ...state, enrolments: [...state.enrolments.filter((offered) => offered.person !== person), { enrolment_id, person, expires_at_ms }] };
    }
    case 'channel_user_enrolled': {
      const { enrolment_id, user } = event.data;
      return { ...state, users: withUser(state.users, user), enrolments: state.enrolments.filter((offered) => offered.enrolment_id !== enrolment_id) };
    }
  }
};

export const evolveChannel = (state: ChannelState, event: ChannelEvent): ChannelState => {
  if (event.event_type === 'channel_configured') return configured(state, event);
  return state.status === 'none' ? state : afterSetUp(state, event);
};

/** Set up and not removed. */
export const isInstalled = (state: ChannelState): state is Extract<ChannelState, { readonly status: 'enabled' | 'disabled' }> => state.status === 'enabled' || state.status === 'disabled';
