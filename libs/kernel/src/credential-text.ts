import { isJsonObject, type Json } from './json.js';
import { holdsCredential } from './credentials.js';

const firstIn = (members: readonly (readonly [string, Json])[]): string | undefined => {
  for (const [path, member] of members) {
    const found = credentialIn(member, path);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Where in a value a text looks like a credential, names of members included; `undefined` when none does. Paths begin with `root`. */
export const credentialIn = (value: Json, root: string): string | undefined => {
  if (typeof value === 'string') return holdsCredential(value) ? root : undefined;
  if (Array.isArray(value)) return firstIn(value.map((item: Json, index) => [`${root}[${index}]`, item] as const));
  if (!isJsonObject(value)) return undefined;
  // The name itself would repeat what must not be repeated.
  if (Object.keys(value).some(holdsCredential)) return root;
  return firstIn(Object.entries(value).map(([name, member]) => [`${root}.${name}`, member ?? null] as const));
};
