import { streams, turnSubject } from '@cs/contracts';
import { LogUnavailableError, takeTurn, type TurnBucket, type TurnLimit, type TurnLimits } from '@cs/eventing';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { hasCode } from './nats-error-codes.js';

/** Whoever waits for a turn has little time. */
const timeoutMs = 800;
/** Others who ask for the same key at the same moment, at most. */
const maxContended = 16;

const { name } = streams.turns;

const bucketSchema = z.object({ tokens: z.number(), at_ms: z.number() });

interface Known {
  readonly seq: number;
  readonly bucket: TurnBucket | undefined;
}

/** Turns in the stream CS_TURNS: one message per key, replaced by whoever saw the last one, and gone after two minutes without a turn. */
export class JetStreamTurnLimits implements TurnLimits {
  readonly #client: JetStreamClient;
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection) {
    this.#client = jetstream(nc, { timeout: timeoutMs });
    this.#manager = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  }

  async take(key: string, limit: TurnLimit): Promise<number> {
    const subject = turnSubject(createHash('sha256').update(key).digest('hex').slice(0, 40));
    try {
      for (let attempt = 0; attempt < maxContended; attempt += 1) {
        const { seq, bucket: before } = await this.#known(subject);
        const { wait_s, bucket } = takeTurn(before, limit);
        if (bucket === undefined) return wait_s;
        if (await this.#replace(subject, { seq, bucket })) return wait_s;
      }
    } catch (error) {
      throw new LogUnavailableError('turns cannot be counted', { cause: error });
    }
    // Whoever loses so often has many presses under way at once.
    return 1;
  }

  async #known(subject: string): Promise<Known> {
    const message = await (await this.#manager).streams.getMessage(name, { last_by_subj: subject });
    // Nobody had a turn lately.
    return message === null ? { seq: 0, bucket: undefined } : { seq: message.seq, bucket: bucketSchema.parse(message.json()) };
  }

  async #replace(subject: string, { seq, bucket }: Known): Promise<boolean> {
    try {
      await this.#client.publish(subject, JSON.stringify(bucket), { expect: { streamName: name, lastSubjectSequence: seq } });
      return true;
    } catch (error) {
      if (hasCode(error, 'wrongLastSequence')) return false;
      throw error;
    }
  }
}
