import { isJsonObject, type Json } from '@cs/kernel';
import type { SignatureScheme } from '@cs/contracts';

/** What a provider says of an event: its own id and kind, where it gives them. */
export interface ProviderEvent {
  readonly id?: string;
  readonly kind?: string;
}

const maxId = 200;
const maxKind = 128;

const word = (value: Json | undefined, max: number): string | undefined => {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' && text.length <= max ? text : undefined;
};

interface Source {
  readonly id: readonly string[];
  readonly kind: readonly string[];
}

/** Headers first, then members of the body. GitHub and Linear say both in headers only, which they do not sign. */
const headersOf: Readonly<Record<string, Source>> = {
  github: { id: ['x-github-delivery'], kind: ['x-github-event'] },
  linear: { id: ['linear-delivery'], kind: ['linear-event'] },
};
/** Members of the body are signed with it: a captured request cannot come again as another event. */
const bodyOf: Readonly<Record<string, Source>> = {
  github: { id: [], kind: [] },
  notion: { id: ['id'], kind: ['type'] },
  linear: { id: [], kind: ['type'] },
};
const anyBody: Source = { id: ['event_id', 'id'], kind: ['event_type', 'type'] };

const firstOf = (names: readonly string[], read: (name: string) => Json | undefined, max: number): string | undefined => {
  for (const name of names) {
    const found = word(read(name), max);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Id and kind of the event that a verified request tells of. */
export const providerEvent = (provider: string, headers: Readonly<Record<string, string>>, payload: Json): ProviderEvent => {
  const header = headersOf[provider] ?? { id: [], kind: [] };
  const body = bodyOf[provider] ?? anyBody;
  const member = (name: string): Json | undefined => (isJsonObject(payload) ? payload[name] : undefined);
  const sent = (name: string): Json | undefined => headers[name];
  const id = firstOf(header.id, sent, maxId) ?? firstOf(body.id, member, maxId);
  const kind = firstOf(header.kind, sent, maxKind) ?? firstOf(body.kind, member, maxKind);
  return { ...(id === undefined ? {} : { id }), ...(kind === undefined ? {} : { kind }) };
};

const defaultSchemes: Readonly<Record<string, SignatureScheme>> = { github: 'github_hmac_sha256', notion: 'notion_hmac_sha256', linear: 'linear_hmac_sha256' };

/** How a provider signs when nothing else is said. */
export const defaultScheme = (provider: string): SignatureScheme => defaultSchemes[provider] ?? 'hmac_sha256_v1';
