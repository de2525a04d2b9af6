const limitCodes: ReadonlySet<string> = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);

/** Slack's own trouble, or too many calls: the same call may work later. Every other code names something that stays wrong. */
const transientCodes: ReadonlySet<string> = new Set([
  ...limitCodes, 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org', 'accesslimited', 'unknown_error',
]);

/** The message is not there any more, or cannot be changed any more; nothing can be pressed on it through us. */
const goneCodes: ReadonlySet<string> = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'is_inactive', 'thread_not_found']);

const remedies: Readonly<Record<string, string>> = {
  channel_not_found: 'check the conversation, and invite the app to it if it is private',
  not_in_channel: 'invite the app to the channel',
  is_archived: 'the channel is archived; route to another one',
  invalid_auth: 'the bot token is not valid; install the app again and set its token',
  not_authed: 'the bot token is missing',
  account_inactive: 'the app was removed from the workspace; install it again',
  token_revoked: 'the bot token was revoked; install the app again and set its token',
  token_expired: 'the bot token has expired; set a new one',
  missing_scope: 'the app lacks a scope; install it again with the manifest of the guide',
  user_not_found: 'check the user id',
  cannot_dm_bot: 'the recipient is a bot; name a person or a channel',
  restricted_action: 'a preference of the workspace forbids the app to post there',
};

export const isTransientCode = (code: string): boolean => transientCodes.has(code);
/** Refused for its rate: it was not done. */
export const isLimitCode = (code: string): boolean => limitCodes.has(code);
export const isGoneCode = (code: string): boolean => goneCodes.has(code);

/** For the record of a delivery: which call was refused, how, and what to do. */
export const describeRefusal = (method: string, code: string): string => {
  const remedy = remedies[code];
  return `Slack refused ${method}: ${code}${remedy === undefined ? '' : ` (${remedy})`}`;
};
