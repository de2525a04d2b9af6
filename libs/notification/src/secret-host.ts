import type { Channel, Problem } from '@cs/contracts';
import type { ChannelKind } from './channel-kind.port.js';

/**
 * Whoever sets a channel up names secrets without knowing them: they are sent to the platform's own address, and to hosts that the
 * operator of the notifier allows. Path as of the channel.
 */
export const secretHostProblem = (kind: ChannelKind, channel: Pick<Channel, 'settings' | 'secrets'>, isHostAllowed: (host: string) => boolean): Problem | undefined => {
  const destination = kind.sendsSecretsTo?.(channel);
  if (destination === undefined || isHostAllowed(destination.host)) return undefined;
  return { path: `settings.${destination.path}`, code: 'host_not_allowed', message: `secrets are not sent to ${destination.host} unless COUNTERSIGN_CHANNEL_HOSTS of the notifier names it` };
};
