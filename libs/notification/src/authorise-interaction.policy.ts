import { channelTiers, type ChannelTier } from '@cs/contracts';
import type { InstalledChannel } from './channel.state.js';

export interface InteractionDenial {
  readonly code: 'CHANNEL_USER_NOT_ALLOWED' | 'CHANNEL_TIER_TOO_LOW' | 'CHANNEL_STEP_UP_REQUIRED' | 'CHANNEL_DEPARTMENT_REQUIRED' | 'RATE_LIMITED' | 'LOG_UNAVAILABLE';
  readonly text: string;
  readonly retry_after_s?: number;
}

interface Question {
  readonly installed: Pick<InstalledChannel, 'channel' | 'users'>;
  readonly user_id: string;
  /** What the user wants to do. */
  readonly tier: ChannelTier;
  /** What the user wants to do it to; absent where the card is not known. */
  readonly gate?: { readonly risk_tier?: string | undefined; readonly page_url?: string | undefined } | undefined;
  /** Seconds until the user may act again; 0: now, and that counts. `undefined`: nobody can tell. */
  readonly wait: () => Promise<number | undefined>;
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

/** A card that is not known, or whose risk is not, counts among those that need it. */
const needsStepUp = ({ channel: { settings } }: Question['installed'], gate: Question['gate']): boolean => {
  const { step_up, step_up_risk_tiers = [] } = settings;
  return step_up || (step_up_risk_tiers.length > 0 && (gate?.risk_tier === undefined || step_up_risk_tiers.some((tier) => tier === gate.risk_tier)));
};

const stepUp = (gate: Question['gate']): InteractionDenial => ({
  code: 'CHANNEL_STEP_UP_REQUIRED', text: `This is not decided by a button here. Open the page and sign in${gate?.page_url === undefined ? '.' : `: ${gate.page_url}`}`,
});

/** Without a count nobody acts: else whoever wears the counter down may press without limit. */
export const denialByTurns = (wait: number | undefined): InteractionDenial | undefined => {
  if (wait === undefined) return { code: 'LOG_UNAVAILABLE', text: 'Nothing was decided: presses cannot be counted at the moment. Try again in a few seconds, or use the page.' };
  return wait > 0 ? { code: 'RATE_LIMITED', text: `That was a lot at once. Try again in ${wait} s.`, retry_after_s: wait } : undefined;
};

/** Why a user may not act; `undefined` when they may. The order is the one of domain 6.6. */
export const denialOf = async ({ installed, user_id, tier, gate, wait }: Question): Promise<InteractionDenial | undefined> => {
  if (!mayEnter(installed, user_id)) return { code: 'CHANNEL_USER_NOT_ALLOWED', text: 'You may not act in this channel: user not in allowed_users.' };
  if (rank(tierOf(installed, user_id)) < rank(tier)) return { code: 'CHANNEL_TIER_TOO_LOW', text: `You may not decide here: that needs the tier "${tier}". An administrator can grant it.` };
  if (needsStepUp(installed, gate)) return stepUp(gate);
  const byTurns = denialByTurns(await wait());
  if (byTurns !== undefined) return byTurns;
  return isInDepartment(installed, user_id) ? undefined : { code: 'CHANNEL_DEPARTMENT_REQUIRED', text: `You may not decide here: that needs one of the departments ${installed.channel.settings.departments.join(', ')}.` };
};
