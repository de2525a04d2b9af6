import { webhookKind, type PlatformParts } from '@cs/channels';
import type { ChannelKind } from '@cs/notification';

/** The platforms that this notifier offers. */
export const channelKinds = (parts: PlatformParts): readonly ChannelKind[] => [webhookKind(parts)];
