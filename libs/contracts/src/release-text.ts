import { isJsonObject, type Json } from '@cs/kernel';
import type { GateRelease } from './gate.schema.js';

const inOneLine = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

type Members = Readonly<Record<string, Json | undefined>>;

/** What a step of a kind does, from its arguments; `undefined` where they do not say. */
const sentences: Readonly<Record<string, (members: Members) => string | undefined>> = {
  http: ({ method, url, body }) => (typeof url === 'string' ? `${typeof method === 'string' ? method : 'GET'} ${url}${body === undefined || body === null ? '' : ` with ${inOneLine(body)}`}` : undefined),
  automation: ({ automation_id, input }) => (typeof automation_id === 'string' ? `starts the automation ${automation_id}${input === undefined ? '' : ` with ${inOneLine(input)}`}` : undefined),
};

/** What a released step does, in words of any length. Credentials stay: who shows it takes them out. */
export const releaseText = ({ action_kind, arguments: value, note }: GateRelease): string => {
  if (value === undefined) return note ?? 'its arguments are not known yet';
  return (isJsonObject(value) ? sentences[action_kind]?.(value) : undefined) ?? inOneLine(value);
};
