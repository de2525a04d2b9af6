import { redactCredentials } from './credentials.js';
import type { Json } from './json.js';

/** Takes credentials out of every text of a value; names of members stay. */
export const redactJson = (value: Json): Json => {
  if (typeof value === 'string') return redactCredentials(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(redactJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]: [string, Json | undefined]) => [name, member === undefined ? undefined : redactJson(member)]));
};
