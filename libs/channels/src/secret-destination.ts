import type { ChannelKind } from '@cs/notification';

/** For platforms that send their secrets to `base_url`; `own` is the address of the platform, over TLS. */
export const besidePlatform = (own: string): NonNullable<ChannelKind['sendsSecretsTo']> => ({ settings: { base_url } }) => {
  const address = base_url === undefined ? undefined : new URL(base_url);
  return address === undefined || address.origin === own ? undefined : { path: 'base_url', host: address.hostname };
};
