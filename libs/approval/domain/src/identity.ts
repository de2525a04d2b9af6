import type { GovernanceActor } from '@cs/contracts';

const channels: ReadonlySet<string> = new Set(['slack', 'discord', 'telegram']);

/** One spelling per person (domain 5.4): channel identities carry their channel, everything is lower-case. */
export const canonicalIdentity = (actorId: string, source?: string): string => {
  const id = actorId.trim().toLowerCase();
  if (id.startsWith('channel:')) return id;
  const channel = (source ?? '').trim().toLowerCase().replace(/^channel:/, '');
  return channels.has(channel) ? `channel:${channel}:${id}` : id;
};

const elevatedTiers: ReadonlySet<string> = new Set(['financial_record_access', 'credential_admin', 'destructive_delete', 'money_movement_contract']);
const approvalTiers: ReadonlySet<string> = new Set(['consequential_write', 'external_send', ...elevatedTiers]);

/** A gate whose risk tier needs approval by default (domain 5.2). */
export const isConsequential = (riskTier: string | undefined): boolean => riskTier !== undefined && approvalTiers.has(riskTier);

/**
 * Whoever asked for a consequential step may not approve it. Someone without an actor id cannot be
 * compared and is not refused here: only the local, single-user tenant has such people.
 */
export const isSelfApproval = ({ decider, requester, riskTier }: { readonly decider: GovernanceActor; readonly requester: GovernanceActor; readonly riskTier: string | undefined }): boolean =>
  isConsequential(riskTier) &&
  decider.actor_id !== undefined &&
  requester.actor_id !== undefined &&
  canonicalIdentity(requester.actor_id, requester.source) === canonicalIdentity(decider.actor_id, decider.source);
