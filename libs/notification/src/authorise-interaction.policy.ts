import { channelTiers, type ChannelTier } from '@cs/contracts';
import type { InstalledChannel } from './channel.state.js';

export interface InteractionDenial {
  readonly code: 'CHANNEL_USER_NOT_ALLOWED' | 'CHANNEL_TIER_TOO_LOW' | 'CHANNEL_STEP_UP_REQUIRED' | 'CHANNEL_DEPARTMENT_REQUIRED' | 'RATE_LIMITED';
  readonly text: string;
  readonly retry_after_s?: number;
}

interface Question {
  readonly installed: Pick<InstalledChannel, 'channel' | 'users'>;
  readonly user_id: string;
  /** What the user wants to do. */
  readonly tier: ChannelTier;
  /** Seconds until the user may act again; 0: now, and that counts. */
  readonly wait: () => number;
}

const anyone = '*';

const isListed = ({ channel }: Question['installed'], user_id: string): boolean => channel.settings.allowed_users.some((allowed) => allowed.trim() === user_id);
const isOpen = ({ channel }: Question['installed']): boolean => channel.settings.allowed_users.some((allowed) => allowed.trim() === anyone);

/** A record of the user counts, also when it lowers. Where anyone may come in, nobody may do anything without one. */
const tierOf = (installed: Question['installed'], user_id: string): ChannelTier => {
  const granted = installed.users.find((user) => user.user_id === user_id)?.tier;
  if (granted !== undefined) return granted;
  return isListed(installed, user_id) ? installed.channel.settings.tier : 'read';
};

const rank = (tier: ChannelTier): number => channelTiers.indexOf(tier);

const isInDepartment = ({ channel, users }: Question['installed'], user_id: string): boolean => {
  const { departments } = channel.settings;
  const own = users.find((user) => user.user_id === user_id)?.departments ?? [];
  return departments.length === 0 || departments.some((department) => own.includes(department));
};

/** Whether somebody may come in at all. */
export const mayEnter = (installed: Question['installed'], user_id: string): boolean => isListed(installed, user_id) || isOpen(installed);

/** Why a user may not act; `undefined` when they may. The order is the one of domain 6.6. */
export const denialOf = ({ installed, user_id, tier, wait }: Question): InteractionDenial | undefined => {
  if (!mayEnter(installed, user_id)) return { code: 'CHANNEL_USER_NOT_ALLOWED', text: 'You may not act in this channel: user not in allowed_users.' };
  if (rank(tierOf(installed, user_id)) < rank(tier)) return { code: 'CHANNEL_TIER_TOO_LOW', text: `You may not decide here: that needs the tier "${tier}". An administrator can grant it.` };
  if (installed.channel.settings.step_up) return { code: 'CHANNEL_STEP_UP_REQUIRED', text: 'This channel takes no decisions by buttons: open the page and sign in.' };
  const retry_after_s = wait();
  if (retry_after_s > 0) return { code: 'RATE_LIMITED', text: `That was a lot at once. Try again in ${retry_after_s} s.`, retry_after_s };
  return isInDepartment(installed, user_id) ? undefined : { code: 'CHANNEL_DEPARTMENT_REQUIRED', text: `You may not decide here: that needs one of the departments ${installed.channel.settings.departments.join(', ')}.` };
};
