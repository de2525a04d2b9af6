import { blobBucket, streams } from '@cs/contracts';
import { jetstream, jetstreamManager, PersistMode, RetentionPolicy, StorageType, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { hasCode } from './nats-error-codes.js';
import { isBeingRestored, LogBeingRestoredError } from './restore-mark.js';

export interface StreamOptions {
  /** Copies of each stream. Default 1; 3 on a cluster. */
  readonly replicas?: number;
  /** How long published events are kept, in ms. Default 30 days; the log itself is kept for ever. */
  readonly eventsMaxAgeMs?: number;
}

type Wanted = Pick<StreamConfig, 'name' | 'subjects'> & Partial<StreamConfig>;

const mutable = ({ name, subjects }: { readonly name: string; readonly subjects: readonly string[] }) => ({ name, subjects: [...subjects] });

const wanted = ({ replicas = 1, eventsMaxAgeMs = 30 * 24 * 3_600_000 }: StreamOptions): readonly Wanted[] => {
  const common = { storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: replicas, allow_direct: true };
  return [
    { ...mutable(streams.log), ...common, duplicate_window: nanos(120_000), deny_delete: true, deny_purge: true },
    { ...mutable(streams.auditAnchors), ...common, duplicate_window: nanos(2000), deny_delete: true, deny_purge: true },
    // These can be rebuilt (from the archive, from the runs' open waits) or be forgotten (turns), so their writes need not wait for the disk.
    { ...mutable(streams.events), ...common, max_age: nanos(eventsMaxAgeMs), duplicate_window: nanos(120_000), persist_mode: PersistMode.Async },
    { ...mutable(streams.turns), ...common, max_msgs_per_subject: 1, max_age: nanos(120_000), max_bytes: 64 * 1024 * 1024, duplicate_window: nanos(2000), persist_mode: PersistMode.Async },
    { ...mutable(streams.timers), ...common, allow_msg_schedules: true, allow_msg_ttl: true, duplicate_window: nanos(2000), persist_mode: PersistMode.Async },
  ];
};

const ensureStream = async (jsm: JetStreamManager, config: Wanted): Promise<void> => {
  try {
    await jsm.streams.add(config);
  } catch (error) {
    if (!hasCode(error, 'streamNameInUse')) throw error;
    // A stream is never deleted to change it; members that cannot be changed in place stay as they are.
    const { persist_mode: _persist, storage: _storage, retention: _retention, ...changeable } = config;
    await jsm.streams.update(config.name, changeable);
  }
};

/**
 * Creates what is missing and updates what differs. Safe to run by several services at once. Throws
 * `LogBeingRestoredError` while the log is not whole.
 */
export const ensureStreams = async (nc: NatsConnection, options: StreamOptions = {}): Promise<void> => {
  const jsm = await jetstreamManager(nc);
  if (await isBeingRestored(jsm)) throw new LogBeingRestoredError();
  for (const config of wanted(options)) await ensureStream(jsm, config);
  await new Objm(jetstream(nc)).create(blobBucket, { storage: StorageType.File, replicas: options.replicas ?? 1 });
};
