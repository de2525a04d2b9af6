import { nameOnChannel, type GovernanceActor } from '@cs/contracts';
import { isJsonObject, redactHostPaths, type Json } from '@cs/kernel';
import { redactText } from './redact-text.js';

export const maxTitleLength = 256;
export const maxBodyLength = 4_000;

/** More than any text was seen to need. */
const maxRounds = 8;

/** A text as a card may hold it: without credentials and without paths of hosts. Where a credential was can be what made a path look like an address: until nothing changes. */
export const redactCardText = (text: string): string => {
  let redacted = text;
  for (let round = 0; round < maxRounds; round += 1) {
    const next = redactText(redactHostPaths(redacted));
    if (next === redacted) break;
    redacted = next;
  }
  return redacted;
};

/** The same of every text of a value; names of members stay. */
export const redactCardJson = (value: Json): Json => {
  if (typeof value === 'string') return redactCardText(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(redactCardJson);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, Json | undefined]) => [name, member === undefined ? undefined : redactCardJson(member)]));
};

/** Redacted before it is cut: half a credential is one too. `tail` says that it was cut. */
export const shown = (text: string, maxLength: number, tail = '…'): string => {
  const redacted = redactCardText(text).trim();
  return redacted.length > maxLength ? `${redacted.slice(0, maxLength - tail.length)}${tail}` : redacted;
};

/** The first ones, and how many more there are. */
export const listed = (all: readonly string[], most: number, separator = ', '): string => [...all.slice(0, most), ...(all.length > most ? [`and ${all.length - most} more`] : [])].join(separator);

/** What stands at the end of a text that was cut, where there is a page and where there is none. */
export const cutNote = (pageUrl: string | undefined): string => (pageUrl === undefined ? '… (shortened)' : '… (shortened: the page shows all of it)');

/** Who did it, as people of a channel know them. */
export const actorName = (actor: GovernanceActor): string => nameOnChannel(actor) ?? actor.actor_id ?? (actor.kind === 'human' ? 'an operator' : `the ${actor.kind}`);

export const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** A page of the gateway; none where its address is not known. */
export const pageAt = (publicUrl: string | undefined, path: string): string | undefined => (publicUrl === undefined ? undefined : `${publicUrl.replace(/\/+$/, '')}${path}`);
