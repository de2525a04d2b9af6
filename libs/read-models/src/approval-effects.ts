import type { ApprovalRequest, GateRelease } from '@cs/contracts';
import { isJsonObject, redactCredentials, type Json } from '@cs/kernel';

const longestSummary = 400;

const cut = (text: string): string => (text.length > longestSummary ? `${text.slice(0, longestSummary - 1)}…` : text);
const inOneLine = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

type Members = Readonly<Record<string, Json | undefined>>;

/** What a step of a kind does, from its arguments; `undefined` where they do not say. */
const sentences: Readonly<Record<string, (members: Members) => string | undefined>> = {
  http: ({ method, url, body }) => (typeof url === 'string' ? `${typeof method === 'string' ? method : 'GET'} ${url}${body === undefined || body === null ? '' : ` with ${inOneLine(body)}`}` : undefined),
  automation: ({ automation_id, input }) => (typeof automation_id === 'string' ? `starts the automation ${automation_id}${input === undefined ? '' : ` with ${inOneLine(input)}`}` : undefined),
};

const sentenceOf = ({ action_kind, arguments: value, note }: GateRelease): string => {
  if (value === undefined) return note ?? 'its arguments are not known yet';
  return (isJsonObject(value) ? sentences[action_kind]?.(value) : undefined) ?? inOneLine(value);
};

/** A released step in one line, without credentials. */
export const effectOf = (release: GateRelease): ApprovalRequest['effects'][number] => ({
  node_id: release.node_id, action_kind: release.action_kind, summary: cut(redactCredentials(sentenceOf(release)).replaceAll(/\s+/g, ' ')),
});
