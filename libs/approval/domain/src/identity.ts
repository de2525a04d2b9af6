import type { GovernanceActor } from '@cs/contracts';

const channels: ReadonlySet<string> = new Set(['slack', 'discord', 'telegram']);

/** One spelling per person (domain 5.4): channel identities carry their channel, everything is lower-case. */
export const canonicalIdentity = (actorId: string, source?: string): string => {
  const id = actorId.trim().toLowerCase();
  if (id.startsWith('channel:')) return id;
  const channel = (source ?? '').trim().toLowerCase().replace(/^channel:/, '');
  return channels.has(channel) ? `channel:${channel}:${id}` : id;
};

/**
 * The same person, however spelled. Someone without an actor id cannot be compared and is nobody else's
 * equal: only the local, single-user tenant has such people.
 */
export const isSameIdentity = (a: GovernanceActor, b: GovernanceActor): boolean =>
  a.actor_id !== undefined && b.actor_id !== undefined && canonicalIdentity(a.actor_id, a.source) === canonicalIdentity(b.actor_id, b.source);
