import { JetStreamApiError } from '@nats-io/jetstream';

/** Error codes of the NATS server's JetStream API (verified against 2.14). */
const codes = {
  wrongLastSequence: 10071,
  noMessageFound: 10037,
  consumerConfigDiffers: 10148,
  streamNameInUse: 10058,
} as const;

export const hasCode = (error: unknown, name: keyof typeof codes): boolean => error instanceof JetStreamApiError && error.code === codes[name];
