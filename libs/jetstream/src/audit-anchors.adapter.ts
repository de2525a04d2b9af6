import { anchorSubject, auditAnchorSchema, streams, type AuditAnchor } from '@cs/contracts';
import { LogUnavailableError, type AuditAnchors, type KeptAnchor } from '@cs/eventing';
import { JetStreamApiError, jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { hasCode } from './nats-error-codes.js';

const timeoutMs = 3000;
type Tenant = Parameters<AuditAnchors['last']>[0];

const { name } = streams.auditAnchors;

interface Stored {
  readonly seq: number;
  json<Value>(): Value;
}

const read = (message: Stored): KeptAnchor => ({ anchor: auditAnchorSchema.parse(message.json()), place: message.seq });

const isAbsent = (error: unknown): boolean => error instanceof Error && /message not found|no message found/i.test(error.message);

/** Anchors in the stream CS_AUDIT_ANCHORS, which refuses to delete and to purge. */
export class JetStreamAuditAnchors implements AuditAnchors {
  readonly #client: JetStreamClient;
  readonly #manager: Promise<JetStreamManager>;

  constructor(nc: NatsConnection) {
    this.#client = jetstream(nc, { timeout: timeoutMs });
    this.#manager = jetstreamManager(nc, { checkAPI: false, timeout: timeoutMs });
  }

  last(tenant: Tenant): Promise<KeptAnchor | undefined> {
    return this.#ask(async (manager) => {
      const message = await manager.streams.getMessage(name, { last_by_subj: anchorSubject(tenant) });
      return message === null ? undefined : read(message);
    });
  }

  async append(anchor: AuditAnchor, after: number): Promise<boolean> {
    const appended = await this.#ask(async () => {
      try {
        await this.#client.publish(anchorSubject(anchor), JSON.stringify(anchor), { expect: { streamName: name, lastSubjectSequence: after } });
        return true;
      } catch (error) {
        if (hasCode(error, 'wrongLastSequence')) return false;
        throw error;
      }
    });
    return appended === true;
  }

  async list(tenant: Tenant, { after, limit }: { readonly after: number; readonly limit: number }): Promise<readonly KeptAnchor[]> {
    const found: KeptAnchor[] = [];
    await this.#ask(async (manager) => {
      const messages = await manager.direct.getBatch(name, { seq: after + 1, next_by_subj: anchorSubject(tenant), batch: limit });
      for await (const message of messages) found.push(read(message));
      return undefined;
    });
    return found;
  }

  async #ask<Value>(question: (manager: JetStreamManager) => Promise<Value>): Promise<Value | undefined> {
    try {
      return await question(await this.#manager);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      if (error instanceof JetStreamApiError && error.status < 500) throw error;
      throw new LogUnavailableError('the anchors of the audit cannot be reached', { cause: error });
    }
  }
}
