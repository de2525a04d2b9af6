import type { Channel, Problem } from '@cs/contracts';
import type { ChannelKind } from '@cs/notification';
import type { PlatformParts } from '../platform-parts.js';
import { recipientProblems } from '../settings-check.js';
import { addressOf, isEmailAddress } from './email-address.js';
import { EmailChannel, emailTlsModes, type EmailTls } from './email-channel.adapter.js';

type Settings = Channel['settings'];
type Options = Settings['options'];

const known: ReadonlySet<string> = new Set(['host', 'port', 'tls', 'from', 'from_name', 'username']);
const usualPorts: Readonly<Record<EmailTls, number>> = { starttls: 587, implicit: 465, none: 25 };
const hostShape = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*|\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]?)$/;

const tlsOf = ({ tls = 'starttls' }: Options): EmailTls | undefined => emailTlsModes.find((mode) => mode === tls);
const portOf = ({ port }: Options, tls: EmailTls): number => (port === undefined ? usualPorts[tls] : Number(port));
const isPort = (text: string): boolean => /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;

const problem = (path: string, code: string, message: string): Problem => ({ path, code, message });

/** Each option by itself; an absent one is judged by `isNeeded` alone. */
const shapes: readonly { readonly name: string; readonly isNeeded: boolean; readonly holds: (value: string) => boolean; readonly message: string }[] = [
  { name: 'host', isNeeded: true, holds: (value) => value.length <= 253 && hostShape.test(value), message: 'must be the name or the address of the SMTP server, e.g. smtp.example.com' },
  { name: 'from', isNeeded: true, holds: isEmailAddress, message: 'must be one bare address, e.g. countersign@example.com' },
  { name: 'port', isNeeded: false, holds: isPort, message: 'must be a port, 1 to 65535' },
  { name: 'tls', isNeeded: false, holds: (value) => tlsOf({ tls: value }) !== undefined, message: `must be one of ${emailTlsModes.join(', ')}` },
  { name: 'from_name', isNeeded: false, holds: (value) => value.length <= 100 && !/\p{Cc}/u.test(value), message: 'must be one line of at most 100 characters' },
  { name: 'username', isNeeded: false, holds: (value) => value !== '' && value.length <= 256 && !/\p{Cc}/u.test(value), message: 'must be one line of 1 to 256 characters' },
];

const optionProblems = (options: Options): readonly Problem[] => [
  ...shapes.flatMap(({ name, isNeeded, holds, message }) => {
    const value = options[name];
    if (value === undefined) return isNeeded ? [problem(`options.${name}`, 'required', 'is needed: see the guide of e-mail')] : [];
    return holds(value) ? [] : [problem(`options.${name}`, 'invalid', message)];
  }),
  ...Object.keys(options).filter((name) => !known.has(name)).map((name) => problem(`options.${name}`, 'unknown', `is not known: use ${[...known].join(', ')}`)),
  ...(options['tls'] === 'none' && options['username'] !== undefined ? [problem('options.username', 'needs_tls', 'credentials are not sent in clear: use tls starttls or implicit')] : []),
];

/** E-mail through one SMTP server. */
export const emailKind = ({ sockets }: Pick<PlatformParts, 'sockets'>): ChannelKind => ({
  kind: 'email',
  secrets: [{ role: 'password', required: false }],
  sendsSecretsTo: ({ settings: { options: { host } }, secrets: { password } }) => (password === undefined || host === undefined ? undefined : { path: 'options.host', host }),
  check: (settings) => [
    ...recipientProblems(settings, (text) => addressOf(text) !== undefined, { code: 'not_an_address', message: 'must be one bare e-mail address, e.g. ops@example.com' }),
    ...optionProblems(settings.options),
    ...(settings.base_url === undefined ? [] : [problem('base_url', 'unused', 'a mail server has no base address: use options.host and options.port')]),
  ],
  create: ({ channel: { settings: { options } }, secrets: { password = '' } }) => {
    const tls = tlsOf(options) ?? 'starttls';
    return new EmailChannel({ sockets, host: options['host'] ?? '', port: portOf(options, tls), tls, from: options['from'] ?? '', fromName: options['from_name'], username: options['username'] ?? '', password });
  },
});
