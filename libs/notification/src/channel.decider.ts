import { isSameTenant, type Channel, type ChannelConnection, type ChannelEvent, type ChannelUser, type GovernanceActor, type TenantContext } from '@cs/contracts';
import { accept, canonicalJson, refuse, type Decision, type Json, type Refusal } from '@cs/kernel';
import { isInstalled, type ChannelState, type InstalledChannel } from './channel.state.js';

interface ByPerson {
  readonly changed_by: GovernanceActor;
  readonly tenant_context: TenantContext;
}

export type ChannelCommand =
  | (ByPerson & { readonly kind: 'configure'; readonly channel: Pick<Channel, 'channel_id' | 'kind' | 'name' | 'settings' | 'secrets'>; /** Of a channel that is set up for the first time. */ readonly callback_id: string; readonly enabled?: boolean | undefined })
  | (ByPerson & { readonly kind: 'remove' })
  | (ByPerson & { readonly kind: 'change_user'; readonly user: ChannelUser })
  | (ByPerson & { readonly kind: 'offer_enrolment'; readonly enrolment_id: string; readonly person: string; readonly expires_at_ms: number })
  /** Somebody in the channel sent a code. */
  | { readonly kind: 'enrol'; readonly enrolment_id: string; readonly user_id: string }
  /** What came of telling the platform of `channel` where to call back. */
  | { readonly kind: 'note_connection'; readonly channel: Channel; readonly connection: Omit<ChannelConnection, 'since_ms'> };

export type ChannelRefusal = Refusal<'CHANNEL_NOT_FOUND' | 'CHANNEL_KIND_FIXED' | 'CHANNEL_LIMIT' | 'CHANNEL_PERSON_BY_CODE' | 'CHANNEL_ENROLMENT_INVALID'>;
type Decided = Decision<ChannelEvent, ChannelRefusal>;

const mostUsers = 5_000;

const tooMany: Decided = refuse({ code: 'CHANNEL_LIMIT', message: `a channel knows at most ${mostUsers} users` });
const notFound: Decided = refuse({ code: 'CHANNEL_NOT_FOUND', message: 'there is no such channel' });

const isUnchanged = (before: Channel, after: Channel): boolean => canonicalJson({ ...before, updated_at_ms: 0 } as unknown as Json) === canonicalJson({ ...after, updated_at_ms: 0 } as unknown as Json);

const statusChange = (status: 'enabled' | 'disabled', enabled: boolean | undefined): 'channel_enabled' | 'channel_disabled' | undefined => {
  if (enabled === undefined || enabled === (status === 'enabled')) return undefined;
  return enabled ? 'channel_enabled' : 'channel_disabled';
};

const configure = ({ channel: asked, callback_id, enabled, changed_by, tenant_context }: Extract<ChannelCommand, { kind: 'configure' }>, state: ChannelState, at_ms: number): Decided => {
  if (!isInstalled(state)) {
    const channel: Channel = { ...asked, callback_id, tenant_context, created_at_ms: at_ms, updated_at_ms: at_ms };
    return accept({ event_type: 'channel_configured', data: { channel, changed_by } });
  }
  if (!isSameTenant(state.channel.tenant_context, tenant_context)) return notFound;
  if (state.channel.kind !== asked.kind) return refuse({ code: 'CHANNEL_KIND_FIXED', message: `channel "${asked.channel_id}" is of kind ${state.channel.kind}; remove it first, or choose another id` });
  const channel: Channel = { ...state.channel, ...asked, updated_at_ms: at_ms };
  const status = statusChange(state.status, enabled);
  const events: ChannelEvent[] = isUnchanged(state.channel, channel) ? [] : [{ event_type: 'channel_configured', data: { channel, changed_by } }];
  if (status !== undefined) events.push({ event_type: status, data: { channel_id: channel.channel_id, tenant_context: channel.tenant_context, changed_by } });
  return accept(...events);
};

/** A mailbox decides nothing, so an administrator may say whose it is; who presses has to show it. */
const changeUser = ({ user: asked, changed_by }: Extract<ChannelCommand, { kind: 'change_user' }>, { channel: { channel_id, kind, tenant_context }, users }: InstalledChannel): Decided => {
  if (asked.person !== undefined && kind !== 'email') return refuse({ code: 'CHANNEL_PERSON_BY_CODE', message: `a user of ${kind} shows by a code who they are` });
  const known = users.find(({ user_id }) => user_id === asked.user_id);
  if (known === undefined && users.length >= mostUsers) return tooMany;
  const user = { ...(known?.person === undefined ? {} : { person: known.person }), ...asked };
  return accept({ event_type: 'channel_user_changed', data: { channel_id, tenant_context, user, changed_by } });
};

const onInstalled = (command: Exclude<ChannelCommand, { kind: 'configure' | 'enrol' | 'note_connection' }>, state: Extract<InstalledChannel, { status: 'enabled' | 'disabled' }>): Decided => {
  const { channel_id, tenant_context } = state.channel;
  if (!isSameTenant(tenant_context, command.tenant_context)) return notFound;
  const identity = { channel_id, tenant_context };
  switch (command.kind) {
    case 'remove': return accept({ event_type: 'channel_removed', data: { ...identity, changed_by: command.changed_by } });
    case 'change_user': return changeUser(command, state);
    case 'offer_enrolment': {
      const { enrolment_id, person, expires_at_ms, changed_by: offered_by } = command;
      return accept({ event_type: 'channel_enrolment_offered', data: { ...identity, enrolment_id, person, expires_at_ms, offered_by } });
    }
  }
};

const enrol = ({ enrolment_id, user_id }: Extract<ChannelCommand, { kind: 'enrol' }>, state: ChannelState, at_ms: number): Decided => {
  if (state.status !== 'enabled') return notFound;
  const offered = state.enrolments.find((enrolment) => enrolment.enrolment_id === enrolment_id && enrolment.expires_at_ms > at_ms);
  if (offered === undefined) return refuse({ code: 'CHANNEL_ENROLMENT_INVALID', message: 'this code is not valid (any more)' });
  const { channel_id, tenant_context } = state.channel;
  const known = state.users.find((user) => user.user_id === user_id);
  if (known === undefined && state.users.length >= mostUsers) return tooMany;
  const user = { ...(known ?? { user_id, departments: [] }), person: offered.person };
  return accept({ event_type: 'channel_user_enrolled', data: { channel_id, tenant_context, enrolment_id, user } });
};

/** What every notifier finds out is noted once, and nothing of a channel that is another one by now. */
const noteConnection = ({ channel, connection }: Extract<ChannelCommand, { kind: 'note_connection' }>, state: ChannelState, at_ms: number): Decided => {
  if (state.status !== 'enabled' || !isUnchanged(state.channel, channel)) return accept();
  const { connection: before } = state;
  const isSameState = before?.status === connection.status && before.callback_url === connection.callback_url;
  if (isSameState && before.reason === connection.reason) return accept();
  const { channel_id, tenant_context } = state.channel;
  return accept({ event_type: 'channel_connection_changed', data: { channel_id, tenant_context, connection: { ...connection, since_ms: isSameState ? before.since_ms : at_ms } } });
};

/** What becomes of a channel. Who may command it was judged before. */
export const decideChannel = (command: ChannelCommand, state: ChannelState, at_ms: number): Decided => {
  if (command.kind === 'configure') return configure(command, state, at_ms);
  if (command.kind === 'enrol') return enrol(command, state, at_ms);
  if (command.kind === 'note_connection') return noteConnection(command, state, at_ms);
  return isInstalled(state) ? onInstalled(command, state) : notFound;
};
