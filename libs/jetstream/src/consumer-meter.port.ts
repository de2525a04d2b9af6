/** How the handling of one delivery ended; `failed`: the handler threw and the message comes again; `unsettled`: nothing could be answered. */
export type HandlingEnd = 'done' | 'retry' | 'failed' | 'dead_letter' | 'unsettled';

/** Counts what consumers do, by durable name. Never throws. */
export interface ConsumerMeter {
  taken(consumer: string, isRedelivery: boolean): void;
  settled(consumer: string, end: HandlingEnd, seconds: number): void;
}
