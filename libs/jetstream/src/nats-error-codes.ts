import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Error codes of the NATS server's JetStream API (verified against 2.14). */
const codes = {
  wrongLastSequence: 10071,
  wrongLastMessageId: 10070,
  consumerConfigDiffers: 10148,
  consumerNotFound: 10014,
  streamNameInUse: 10058,
  streamNotFound: 10059,
} as const;

export const hasCode = (error: unknown, name: keyof typeof codes): boolean => error instanceof JetStreamApiError && error.code === codes[name];

/** True when asking again cannot help: the server understood and said no, or the request could not be sent as it is. */
export const isRefusal = (error: unknown): boolean =>
  (error instanceof JetStreamApiError && error.status === 400) || error instanceof errors.InvalidArgumentError || error instanceof errors.InvalidSubjectError;
