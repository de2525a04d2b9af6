import type { GovernanceActor } from '@cs/contracts';

const channels: ReadonlySet<string> = new Set(['slack', 'discord', 'telegram']);

/** The channel of a source, also where it is spelled `channel:slack`; anything else as it is. */
const channelOf = (source = ''): string => source.trim().toLowerCase().replace(/^channel:/, '');

/** One spelling per person (domain 5.4): channel identities carry their channel, everything is lower-case. */
export const canonicalIdentity = (actorId: string, source?: string): string => {
  const id = actorId.trim().toLowerCase();
  if (id.startsWith('channel:')) return id;
  const channel = channelOf(source);
  return channels.has(channel) ? `channel:${channel}:${id}` : id;
};

/** A person whom a channel's own signature vouches for. The source is set by the channel's verified handler only. */
export const isChannelVerified = ({ kind, actor_id, source }: GovernanceActor): boolean =>
  kind === 'human' && actor_id !== undefined && actor_id.trim() !== '' && channels.has(channelOf(source));

/**
 * Everything that somebody is known as, the person first: of a user of a channel who is linked to a person,
 * both. Nothing of someone without an actor id. A link counts only where a channel vouches for the user.
 */
export const identitiesOf = (actor: GovernanceActor): readonly string[] => {
  const { actor_id, source, person } = actor;
  if (actor_id === undefined) return [];
  const own = canonicalIdentity(actor_id, source);
  return person === undefined || !isChannelVerified(actor) ? [own] : [...new Set([canonicalIdentity(person), own])];
};

/** Somebody in one spelling, whatever door they come through; `undefined` for who is not known by name. */
export const identityOf = (actor: GovernanceActor): string | undefined => identitiesOf(actor).find((identity) => identity !== '');

/**
 * The same person, however spelled and whatever door they come through. Someone without an actor id cannot
 * be compared and is nobody else's equal: only the local, single-user tenant has such people.
 */
export const isSameIdentity = (a: GovernanceActor, b: GovernanceActor): boolean => {
  const identities = identitiesOf(b);
  return identitiesOf(a).some((identity) => identities.includes(identity));
};
