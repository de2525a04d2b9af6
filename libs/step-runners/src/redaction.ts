import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

/** Replaces secrets in what a step hands on. */
export interface Redaction {
  text(value: string): string;
  json(value: Json): Json;
}

export const redactedMark = '[redacted]';
/** Shorter values would blank out ordinary text. */
const minSecretLength = 4;

const nothing: Redaction = { text: (value) => value, json: (value) => value };

/** A lone surrogate cannot be encoded. */
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\uFFFD');

/** How a secret may show: as it is, inside a URL, inside JSON text. */
const spellings = (secret: string): readonly string[] => [secret, new URLSearchParams({ s: secret }).toString().slice(2), encodeURI(wellFormed(secret)), encodeURIComponent(wellFormed(secret)), JSON.stringify(secret).slice(1, -1)];

const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

const redactMembers = (value: JsonObject, redaction: Redaction): Json =>
  Object.fromEntries(Object.entries(value).map(([key, member]) => [redaction.text(key), member === undefined ? undefined : redaction.json(member)]));

/**
 * Every secret of at least 4 characters, however deep and also inside longer texts and member names,
 * becomes `[redacted]`; so does a number that reads like one.
 */
export const redactionOf = (secrets: readonly string[]): Redaction => {
  const known = secrets.filter((secret) => secret.length >= minSecretLength);
  if (known.length === 0) return nothing;
  // The longest first: one secret may be the beginning of another.
  const all = [...new Set(known.flatMap(spellings))].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(all.map(escape).join('|'), 'g');
  const exact = new Set(known);
  const redaction: Redaction = {
    text: (value) => value.replace(pattern, redactedMark),
    json: (value) => {
      if (typeof value === 'string') return redaction.text(value);
      if (typeof value === 'number') return exact.has(String(value)) ? redactedMark : value;
      if (Array.isArray(value)) return value.map((item: Json) => redaction.json(item));
      return isJsonObject(value) ? redactMembers(value, redaction) : value;
    },
  };
  return redaction;
};
