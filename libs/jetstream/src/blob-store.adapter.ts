import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { blobBucket } from '@cs/contracts';
import { LogUnavailableError, UnreadableCommitError } from '@cs/eventing';
import type { JetStreamClient } from '@nats-io/jetstream';
import { Objm, type ObjectStore } from '@nats-io/obj';

/** Names a blob by the SHA-256 of its content, so that storing it again is the same blob. */
export interface BlobRef {
  readonly digest: string;
  readonly bytes: number;
}

/** The object store reads through a consumer, which says nothing when it is gone. */
const readTimeoutMs = 5000;

/** Large values beside the log, under their digest. */
export class BlobStore {
  readonly #js: JetStreamClient;
  #bucket: Promise<ObjectStore> | undefined;

  constructor(js: JetStreamClient) {
    this.#js = js;
  }

  async put(text: string): Promise<BlobRef> {
    const data = Buffer.from(text);
    const digest = createHash('sha256').update(data).digest('hex');
    const bucket = await this.#open();
    if ((await bucket.info(digest)) === null) await bucket.putBlob({ name: digest }, data);
    return { digest, bytes: data.byteLength };
  }

  /** Throws `UnreadableCommitError` when the blob is not there or is not what its name says; anything else passes. */
  async get({ digest }: BlobRef): Promise<string> {
    const data = await this.#read(digest);
    if (data === null) throw new UnreadableCommitError(`The object store has no blob ${digest}`);
    if (createHash('sha256').update(data).digest('hex') !== digest) throw new UnreadableCommitError(`Blob ${digest} was changed`);
    return Buffer.from(data).toString('utf8');
  }

  async #read(digest: string): Promise<Uint8Array | null> {
    const bucket = await this.#open();
    const timer = new AbortController();
    const late = async (): Promise<never> => {
      await delay(readTimeoutMs, undefined, { signal: timer.signal });
      throw new LogUnavailableError(`The object store did not give blob ${digest} in ${readTimeoutMs} ms`);
    };
    try {
      return await Promise.race([bucket.getBlob(digest), late()]);
    } finally {
      timer.abort();
    }
  }

  #open(): Promise<ObjectStore> {
    this.#bucket ??= new Objm(this.#js).open(blobBucket).catch((error: unknown) => {
      this.#bucket = undefined;
      throw error;
    });
    return this.#bucket;
  }
}
