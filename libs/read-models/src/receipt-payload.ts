import { canonicalJson, isJsonObject, redactJson, type Json } from '@cs/kernel';

const secretNames: ReadonlySet<string> = new Set(['token', 'secret', 'password', 'authorization', 'api_key', 'apikey', 'private_key']);
/** Longest payload that a receipt shows, in characters; the whole is in the timeline. */
const shownLength = 4096;

const withoutSecrets = (value: Json): Json => {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutSecrets);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, secretNames.has(name.toLowerCase().replaceAll('-', '_')) ? '[redacted]' : withoutSecrets(member ?? null)]));
};

/** What a receipt shows of an answer: without what is named like a secret, or looks like one (domain 9.2). */
export const receiptPayload = (content: Json): Json => {
  const shown = redactJson(withoutSecrets(content));
  const length = canonicalJson(shown).length;
  return length <= shownLength ? shown : { omitted: 'the answer is longer than is shown here', characters: length };
};
