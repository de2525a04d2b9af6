import { eventSubjects, statusSubjects, streams } from '@cs/contracts';
import type { Eventing } from '@cs/eventing';
import type { ConsumerDefinition } from '@cs/jetstream';
import { carryOutLeftInteraction, noticedEvents, questionEvents, requestDeliveries, requestQuestionDeliveries, requestRunNotices, runNoticeEvents, sendDelivery, type ChannelDirectory, type GateDecider, type NotificationChannel } from '@cs/notification';
import { withCommit } from './read-commit.js';

interface NotifierConsumers {
  readonly eventing: Eventing;
  readonly channels: readonly NotificationChannel[];
  readonly directory: ChannelDirectory;
  readonly gate: GateDecider;
  /** The gateway as people reach it. */
  readonly publicUrl: string;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A delivery counts its own attempts and ends by itself; this only ends what can never be handled. */
const maxDeliver = 500;

/**
 * Everything the notifier listens to, beside its installations. Each channel of its own configuration has a
 * consumer over all pending deliveries of such channels, so that one which fails or is slow holds up no other.
 */
export const notifierConsumers = ({ eventing, channels, directory, gate, publicUrl, random }: NotifierConsumers): readonly ConsumerDefinition[] => {
  const names = channels.map(({ name }) => name);
  return [
    {
      durable: 'notifier--gate-events', stream: streams.events.name, filters: noticedEvents.map((type) => eventSubjects('run', type)),
      ackWaitMs: 30_000, maxInFlight: 32, maxDeliver,
      handle: (message) => requestDeliveries({ eventing, channels: names, directory, publicUrl }, message.text(), message.deliveryCount),
    },
    {
      durable: 'notifier--question-events', stream: streams.events.name, filters: questionEvents.map((type) => eventSubjects('run', type)),
      ackWaitMs: 30_000, maxInFlight: 32, maxDeliver,
      handle: (message) => requestQuestionDeliveries({ eventing, channels: names, directory, publicUrl }, message.text(), message.deliveryCount),
    },
    {
      durable: 'notifier--run-events', stream: streams.events.name, filters: [...runNoticeEvents.map((type) => eventSubjects('run', type)), eventSubjects('dead_letter', 'dead_letter_opened')],
      ackWaitMs: 30_000, maxInFlight: 32, maxDeliver,
      handle: (message) => requestRunNotices({ eventing, channels: names, directory, publicUrl }, message.text()),
    },
    {
      durable: 'notifier--interactions', stream: streams.log.name, filters: [statusSubjects('channel_interaction', 'accepted')],
      ackWaitMs: 30_000, maxInFlight: 32, maxDeliver,
      handle: (message) => withCommit(message, eventing, (stored) => carryOutLeftInteraction({ eventing, gate }, stored)),
    },
    ...channels.map((channel): ConsumerDefinition => ({
      durable: `notifier--send-${channel.name}`, stream: streams.log.name, filters: [statusSubjects('delivery', 'pending')],
      ackWaitMs: 30_000, maxInFlight: 16, maxDeliver,
      handle: (message) => withCommit(message, eventing, (stored) => sendDelivery({ eventing, channel, random }, stored)),
    })),
  ];
};
