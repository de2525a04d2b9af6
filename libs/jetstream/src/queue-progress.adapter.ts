import { streams } from '@cs/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { apiTimeoutMs } from './ensure-consumer.js';
import { hasCode } from './nats-error-codes.js';
import { consumerOf } from './tenant-queue.js';

/** How far the runners are with what became runnable. */
export class QueueProgress {
  constructor(private readonly nc: NatsConnection) {}

  /**
   * The log position up to which every message of a tenant's queue is done with: handled, or set aside.
   * `undefined` when the tenant has no queue yet.
   */
  async settledThrough(tenant: { readonly org_id: string; readonly workspace_id: string }): Promise<number | undefined> {
    const jsm = await jetstreamManager(this.nc, { checkAPI: false, timeout: apiTimeoutMs });
    try {
      return (await jsm.consumers.info(streams.log.name, consumerOf(`${tenant.org_id}.${tenant.workspace_id}`))).ack_floor.stream_seq;
    } catch (error) {
      if (hasCode(error, 'consumerNotFound')) return undefined;
      throw error;
    }
  }
}
