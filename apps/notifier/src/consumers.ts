import { eventSubjects, parseLogSubject, statusSubjects, streams } from '@cs/contracts';
import { decodeCommit, giveUp, UnreadableCommitError, type ConsumerOutcome, type Eventing, type StoredCommit } from '@cs/eventing';
import { blobHeader, type ConsumerDefinition, type ConsumerMessage } from '@cs/jetstream';
import { toPosition } from '@cs/kernel';
import { noticedEvents, requestDeliveries, sendDelivery, type NotificationChannel } from '@cs/notification';

interface NotifierConsumers {
  readonly eventing: Eventing;
  readonly channels: readonly NotificationChannel[];
  /** The gateway as people reach it. */
  readonly publicUrl: string;
  /** In [0, 1). */
  readonly random: () => number;
}

const readCommit = async (message: ConsumerMessage, eventing: Eventing): Promise<StoredCommit | undefined> => {
  const position = toPosition(message.position);
  // Data beside the message: the store puts it back.
  if (message.header(blobHeader) !== '') return eventing.store.at(position);
  const subject = parseLogSubject(message.subject);
  return subject && decodeCommit(subject, { position, body: message.text() });
};

const send = async (message: ConsumerMessage, channel: NotificationChannel, { eventing, random }: NotifierConsumers): Promise<ConsumerOutcome> => {
  try {
    const stored = await readCommit(message, eventing);
    return stored ? await sendDelivery({ eventing, channel, random }, stored) : giveUp(`"${message.subject}" is no commit of a delivery`);
  } catch (error) {
    if (error instanceof UnreadableCommitError) return giveUp(error.message);
    throw error;
  }
};

/** A delivery counts its own attempts and ends by itself; this only ends what can never be handled. */
const maxDeliver = 500;

/**
 * Everything the notifier listens to. Each channel has a consumer of its own over all pending
 * deliveries, so that one which fails or is slow holds up no other.
 */
export const notifierConsumers = (options: NotifierConsumers): readonly ConsumerDefinition[] => {
  const { eventing, channels, publicUrl } = options;
  if (channels.length === 0) return [];
  const names = channels.map(({ name }) => name);
  return [
    {
      durable: 'notifier--gate-events', stream: streams.events.name, filters: noticedEvents.map((type) => eventSubjects('run', type)),
      ackWaitMs: 30_000, maxInFlight: 32, maxDeliver,
      handle: (message) => requestDeliveries({ eventing, channels: names, publicUrl }, message.text(), message.deliveryCount),
    },
    ...channels.map((channel): ConsumerDefinition => ({
      durable: `notifier--send-${channel.name}`, stream: streams.log.name, filters: [statusSubjects('delivery', 'pending')],
      ackWaitMs: 30_000, maxInFlight: 16, maxDeliver,
      handle: (message) => send(message, channel, options),
    })),
  ];
};
