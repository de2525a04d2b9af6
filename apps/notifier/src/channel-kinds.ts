import { discordKind, emailKind, slackKind, teamsKind, telegramKind, webhookKind, type PlatformParts } from '@cs/channels';
import type { ChannelKind } from '@cs/notification';

/** The platforms that this notifier offers. */
export const channelKinds = (parts: PlatformParts): readonly ChannelKind[] => [slackKind(parts), discordKind(parts), telegramKind(parts), teamsKind(parts), emailKind(parts), webhookKind(parts)];
