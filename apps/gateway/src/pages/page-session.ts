import type { PageSecrets } from './page-secrets.js';

const cookieName = 'cs_inbox';
/** Browsers keep no longer cookie. */
const maxCookieLength = 3800;
const lifetimeS = 8 * 3600;

export interface SessionOptions {
  /** Pages come over https, so that browsers send the cookie over nothing else. */
  readonly secure: boolean;
}

const cookie = (value: string, maxAgeS: number, { secure }: SessionOptions): string => `${cookieName}=${value}; Path=/inbox; HttpOnly; SameSite=Lax; Max-Age=${maxAgeS}${secure ? '; Secure' : ''}`;

/** The header that begins a session with a credential, sealed; `undefined` when the credential is too long for a cookie. */
export const beginSession = (secrets: PageSecrets, credential: string, { nowMs, ...options }: SessionOptions & { readonly nowMs: number }): string | undefined => {
  const sealed = secrets.seal(JSON.stringify([nowMs + lifetimeS * 1000, credential]));
  return sealed.length > maxCookieLength ? undefined : cookie(sealed, lifetimeS, options);
};

export const endSession = (options: SessionOptions): string => cookie('', 0, options);

const sentCookie = (header: string | undefined): string | undefined =>
  header?.split(';').map((part) => part.trim()).find((part) => part.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);

const isSession = (value: unknown): value is readonly [number, string] => Array.isArray(value) && typeof value[0] === 'number' && typeof value[1] === 'string';

/** The credential of a session that is not over. It is verified like any other: a key that was revoked ends its sessions. */
export const credentialOf = (secrets: PageSecrets, header: string | undefined, nowMs: number): string | undefined => {
  const opened = secrets.open(sentCookie(header) ?? '');
  if (opened === undefined) return undefined;
  const session: unknown = JSON.parse(opened);
  return isSession(session) && session[0] > nowMs ? session[1] : undefined;
};
