import type { Channel, Problem } from '@cs/contracts';
import type { ChannelKind } from './channel-kind.port.js';

type Secrets = Channel['secrets'];

/** Names of the secrets with which a channel signs what goes to addresses of its workspace's choice. */
export const signingSecretsOf = ({ signsWith = [] }: Pick<ChannelKind, 'signsWith'>, secrets: Secrets): readonly string[] => signsWith.flatMap((role) => secrets[role] ?? []);

export const unboundSecret = (name: string): string => `COUNTERSIGN_CHANNEL_SECRET_${name}_FOR of the notifier has to say whose it is, because other workspaces have channels too`;

/**
 * Whoever names a signing secret has texts of their own signed by it, at an address of their own, and can show them to whoever trusts it. So where other
 * workspaces have channels, it has to be bound. `before`: the secrets of the channel that is changed; it keeps what it has. Paths as of the channel.
 */
export const signingSecretProblems = ({ signsWith = [] }: Pick<ChannelKind, 'signsWith'>, { given, before = {} }: { readonly given: Secrets; readonly before?: Secrets | undefined }, isOpenToOthers: (name: string) => boolean): readonly Problem[] =>
  signsWith.flatMap((role) => {
    const name = given[role];
    return name === undefined || name === before[role] || !isOpenToOthers(name) ? [] : [{ path: `secrets.${role}`, code: 'secret_not_bound', message: unboundSecret(name) }];
  });
