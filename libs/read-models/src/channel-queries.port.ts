import type { ChannelRecord, ChannelStatus, DeliveryRecord } from '@cs/contracts';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { TenantKey } from './tenant-key.js';

export interface DeliveryFilter {
  readonly installation?: string | undefined;
  readonly run_id?: string | undefined;
  readonly status?: string | undefined;
}

/** Reads channels and what was to be told on them. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface ChannelQueries {
  /** `undefined` for one that was never set up, or was removed. */
  channel(tenant: TenantKey, channel_id: string): Promise<ChannelRecord | undefined>;
  /** Whether it was ever set up; also true of one that was removed. */
  isKnown(tenant: TenantKey, channel_id: string): Promise<boolean>;
  /** Newest first; removed ones only when they are asked for. */
  channels(tenant: TenantKey, status: ChannelStatus | undefined, page: PageRequest): Promise<ItemsPage<ChannelRecord>>;
  /** Newest first. */
  deliveries(tenant: TenantKey, filter: DeliveryFilter, page: PageRequest): Promise<ItemsPage<DeliveryRecord>>;
}
