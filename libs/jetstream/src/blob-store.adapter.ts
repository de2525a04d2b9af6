import { createHash } from 'node:crypto';
import { blobBucket } from '@cs/contracts';
import type { JetStreamClient } from '@nats-io/jetstream';
import { Objm, type ObjectStore } from '@nats-io/obj';

/** Names a blob by the SHA-256 of its content, so that storing it again is the same blob. */
export interface BlobRef {
  readonly digest: string;
  readonly bytes: number;
}

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

  /** Throws when the blob is not there or is not what its name says. */
  async get({ digest }: BlobRef): Promise<string> {
    const data = await (await this.#open()).getBlob(digest);
    if (data === null) throw new Error(`The object store has no blob ${digest}`);
    if (createHash('sha256').update(data).digest('hex') !== digest) throw new Error(`Blob ${digest} was changed`);
    return Buffer.from(data).toString('utf8');
  }

  #open(): Promise<ObjectStore> {
    this.#bucket ??= new Objm(this.#js).open(blobBucket).catch((error: unknown) => {
      this.#bucket = undefined;
      throw error;
    });
    return this.#bucket;
  }
}
