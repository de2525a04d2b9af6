import { z } from 'zod';

const protocols: ReadonlySet<string> = new Set(['nats:', 'tls:', 'ws:', 'wss:']);

const isServer = (text: string): boolean => {
  if (!URL.canParse(text.trim())) return false;
  const { protocol, hostname } = new URL(text.trim());
  return protocols.has(protocol) && hostname !== '';
};

/** One NATS server or several, separated by commas: `nats://user:password@host:4222,nats://other:4222`. */
export const natsUrlSchema = z.string().refine((text) => text.split(',').every(isServer), 'expected nats://host:port, or several separated by commas');

export interface NatsServers {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  /** A user without a password is a token. */
  readonly token?: string;
  readonly tls?: Record<string, never>;
}

const credentials = ({ username, password }: URL): Pick<NatsServers, 'user' | 'pass' | 'token'> => {
  if (username === '') return {};
  return password === '' ? { token: decodeURIComponent(username) } : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
};

/**
 * What the NATS client takes: addresses without credentials, and the first address's credentials beside
 * them (the client does not read them from an address). `tls:` asks for an encrypted connection.
 */
export const natsServers = (urls: string): NatsServers => {
  const parsed = urls.split(',').map((text) => new URL(text.trim()));
  const [first] = parsed;
  const scheme = (url: URL): string => (url.protocol === 'ws:' || url.protocol === 'wss:' ? `${url.protocol}//` : '');
  return {
    servers: parsed.map((url) => `${scheme(url)}${url.host}`),
    ...(first === undefined ? {} : credentials(first)),
    ...(parsed.some((url) => url.protocol === 'tls:') ? { tls: {} } : {}),
  };
};
