import type { Channel, ChannelKindName, Problem } from '@cs/contracts';
import type { ChannelAdapter, InteractiveChannel } from './channel-adapter.port.js';

/** What an adapter is made from: an installation with its secrets in memory. */
export interface Installation {
  readonly channel: Channel;
  /** Values by what they are for, e.g. `bot_token`. Never stored, logged or shown. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** An address that a workspace chose. */
export interface SecretDestination {
  /** The setting that names it, e.g. `base_url`. */
  readonly path: string;
  /** Name or address of the host as the setting has it. */
  readonly host: string;
}

/** A platform, and how an installation of it is made. */
export interface ChannelKind {
  readonly kind: ChannelKindName;
  /** What secrets it needs, by what they are for. */
  readonly secrets: readonly { readonly role: string; readonly required: boolean }[];
  /** Where a channel sends a secret beside the platform's own address. `undefined`: nowhere. A signature is not a secret. */
  readonly sendsSecretsTo?: (channel: Pick<Channel, 'settings' | 'secrets'>) => SecretDestination | undefined;
  /** Roles of secrets with which it signs what goes to addresses that the workspace chose. Who holds such a secret vouches for what it signs. */
  readonly signsWith?: readonly string[];
  /** What is wrong with settings, beyond their schema; paths are relative to them, e.g. `options.team_id`. */
  readonly check: (settings: Channel['settings']) => readonly Problem[];
  /** One with `receive` takes callbacks. */
  readonly create: (installation: Installation) => ChannelAdapter | InteractiveChannel;
}

export const isInteractive = (adapter: ChannelAdapter | InteractiveChannel): adapter is InteractiveChannel => 'receive' in adapter;
