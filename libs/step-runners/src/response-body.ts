import { TextDecoder } from 'node:util';
import type { Json } from '@cs/kernel';

/** The body as the step's output has it, or that it is not what it says. */
export type ReadBody = { readonly kind: 'read'; readonly value: Json } | { readonly kind: 'malformed'; readonly message: string };

const mediaType = (contentType: string): string => (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
const isJsonType = (contentType: string): boolean => /^application\/(json|[^/]+\+json)$/.test(mediaType(contentType));

const decoderFor = (contentType: string): TextDecoder => {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true });
  } catch {
    return new TextDecoder('utf-8', { fatal: true });
  }
};

const asText = (body: Buffer, contentType: string): string => {
  try {
    return decoderFor(contentType).decode(body);
  } catch {
    return body.toString('base64');
  }
};

const asJson = (body: Buffer): ReadBody => {
  try {
    const value: Json = JSON.parse(body.toString('utf8'));
    return { kind: 'read', value };
  } catch {
    return { kind: 'malformed', message: 'the body is not JSON, which its media type or the step says it is' };
  }
};

/**
 * Reads a body by `expected`, or by its media type: JSON becomes its value, text in its charset becomes
 * a string, anything that is no text becomes base64, an empty body is `null`.
 */
export const readBody = (body: Buffer, { contentType, expected }: { readonly contentType: string; readonly expected: 'json' | 'text' | undefined }): ReadBody => {
  if (body.length === 0) return { kind: 'read', value: null };
  if (expected === 'json' || (expected === undefined && isJsonType(contentType))) return asJson(body);
  return { kind: 'read', value: asText(body, contentType) };
};
