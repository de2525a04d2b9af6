import { nameOnChannel, type GovernanceActor } from '@cs/contracts';
import { redactHostPaths } from './host-paths.js';
import { redactText } from './redact-text.js';

export const maxTitleLength = 256;
export const maxBodyLength = 4_000;

/** A text as a card may hold it: without credentials and without paths of hosts. */
export const redactCardText = (text: string): string => redactText(redactHostPaths(text));

/** Redacted before it is cut: half a credential is one too. */
export const shown = (text: string, maxLength: number): string => {
  const redacted = redactCardText(text).trim();
  return redacted.length > maxLength ? `${redacted.slice(0, maxLength - 1)}…` : redacted;
};

/** Who did it, as people of a channel know them. */
export const actorName = (actor: GovernanceActor): string => nameOnChannel(actor) ?? actor.actor_id ?? (actor.kind === 'human' ? 'an operator' : `the ${actor.kind}`);

export const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
