import type { CallContext, PayloadOf, testChannel } from '@cs/contracts';
import { accepted, refused, type Result } from '@cs/kernel';
import { findChannel, type ChannelOptions } from './configure-channel.command-handlers.js';
import { deliveryRef } from './delivery-aggregate.js';
import type { NoticeCard } from './notice-card.schema.js';
import { requestDelivery } from './request-delivery.js';

/** The card that says that a channel works. */
export const testCard = (name: string, workspace_id: string): NoticeCard => ({
  kind: 'notice', title: `Test of ${name}`, body_markdown: 'This channel works. Nothing has to be decided.', tone: 'good', fields: [{ label: 'Workspace', value: workspace_id }], items: [],
});

/** Asks a channel to post a card that asks nothing. Repeated with its key, it is the same card. */
export const requestTest = async (options: ChannelOptions, context: CallContext, { channel_id, recipient, command_id }: PayloadOf<typeof testChannel>): Promise<Result<{ readonly delivery_id: string }>> => {
  const { eventing, newId } = options;
  const known = await findChannel(eventing, context, channel_id);
  if (known === undefined) return refused('CHANNEL_NOT_FOUND', `there is no channel "${channel_id}"`, { channel_id });
  if (known.status === 'disabled') return refused('CHANNEL_DISABLED', `channel "${channel_id}" is disabled`, { channel_id });
  const { kind, name, settings } = known.channel;
  const { org_id, workspace_id } = context.tenant;
  const key = `test:${command_id ?? newId()}`;
  const card = testCard(name, workspace_id);
  const request = { channel: kind, installation: channel_id, recipient: recipient ?? settings.recipient, notice: 'test', notification_key: key, card } as const;
  const requested = await requestDelivery({ eventing }, { org_id, workspace_id, event_id: context.correlation_id }, request);
  return requested === 'contended' ? refused('CONCURRENT_CHANGE', 'the test is being requested by others') : accepted({ delivery_id: deliveryRef(eventing.digest, { ...request, org_id, workspace_id }).id });
};
