import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

const kept = { channelID: 'channel_id', changedBy: 'changed_by' } as const;

/** What audit records of channels keep; of users whom they concern and what they may do. */
export const channelFacts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  channel_enabled: kept,
  channel_disabled: kept,
  channel_removed: kept,
  channel_user_changed: { ...kept, user: 'user' },
  channel_enrolment_offered: { channelID: 'channel_id', person: 'person', expires_at_ms: 'expires_at_ms', offeredBy: 'offered_by' },
  channel_user_enrolled: { channelID: 'channel_id', user: 'user' },
  channel_interaction_refused: { channelID: 'channel_id', userID: 'user_id', deliveryID: 'delivery_id', requested_decision: 'requested_decision', code: 'code', detail: 'detail', actor: 'actor' },
};

/** A channel whole, with the names of its secrets: who may press and where cards go is what matters. */
// eslint-disable-next-line complexity -- a default for each member
export const factsOfChannel = (data: Json | undefined): JsonObject => {
  if (!isJsonObject(data) || !isJsonObject(data['channel'])) return {};
  const { channel_id = '', kind = '', name = '', settings = {}, secrets = {} } = data['channel'];
  return { channelID: channel_id, kind, name, settings, secrets, changedBy: data['changed_by'] ?? null };
};
