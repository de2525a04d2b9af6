import { accepted, refused, type Json, type Result } from '@cs/kernel';

const maxDepth = 64;

/** Whether a value is nested too deep, found without recursion: what reads it later recurses. */
const isTooDeep = (value: Json): boolean => {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
};

const parse = (text: string): { readonly value: Json } | undefined => {
  try {
    return { value: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
};

/** GitHub can send its JSON as the field `payload` of a form. */
const formPayload = (text: string): string | undefined => {
  const field = text.split('&').find((part) => part.startsWith('payload='));
  try {
    return field === undefined ? undefined : decodeURIComponent(field.slice('payload='.length).replaceAll('+', ' '));
  } catch {
    return undefined;
  }
};

/** The value of a body: what its JSON says, else the text itself. */
export const readPayload = (text: string, contentType: string): Result<Json> => {
  const isForm = contentType.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const source = (isForm ? formPayload(text) : undefined) ?? text;
  const parsed = parse(source);
  if (parsed === undefined) return accepted(text);
  return isTooDeep(parsed.value) ? refused('REQUEST_BODY_INVALID', `the body is nested more than ${maxDepth} levels deep`) : accepted(parsed.value);
};

const kept: ReadonlySet<string> = new Set([
  'content-type', 'user-agent', 'x-request-id', 'x-github-event', 'x-github-delivery', 'x-github-hook-id', 'x-github-hook-installation-target-type', 'linear-event', 'linear-delivery',
]);

/** Headers that go with a delivery: none that could hold a signature, a secret or a person's address. */
export const keptHeaders = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => kept.has(name)));
