import { blobThresholdBytes, type Commit } from '@cs/contracts';
import { isJsonObject, type Json } from '@cs/kernel';
import type { BlobRef, BlobStore } from './blob-store.adapter.js';

/** Header of a message whose data stands, in part, in the object store. */
export const blobHeader = 'Cs-Blobs';

/** Members larger than this move out of a commit that is over the threshold; a commit of very many small ones needs the second limit. */
const memberLimitsBytes = [16 * 1024, 512] as const;
/** Far below what the server accepts in one message. */
const bodyLimitBytes = 1024 * 1024;

const reference = ({ digest, bytes }: BlobRef): Json => ({ $blob: { digest, bytes } });

const readReference = (value: unknown): BlobRef | undefined => {
  if (!isJsonObject(value) || !isJsonObject(value['$blob'])) return undefined;
  const { digest, bytes } = value['$blob'];
  return typeof digest === 'string' && typeof bytes === 'number' ? { digest, bytes } : undefined;
};

const moveOut = async (value: Json, limitBytes: number, blobs: BlobStore): Promise<Json> => {
  const text = JSON.stringify(value);
  return Buffer.byteLength(text) > limitBytes ? reference(await blobs.put(text)) : value;
};

const putBack = async (value: Json, blobs: BlobStore): Promise<Json> => {
  const ref = readReference(value);
  return ref === undefined ? value : (JSON.parse(await blobs.get(ref)) as Json);
};

/** Applies a change to each member of a commit that can be large. */
const mapLarge = async (commit: Commit, change: (value: Json) => Promise<Json>): Promise<Commit> => ({
  ...commit,
  events: await Promise.all(commit.events.map(async (event) => ({ ...event, data: await change(event.data) }))),
  ...(commit.state === undefined ? {} : { state: { ...commit.state, value: await change(commit.state.value) } }),
});

/** The body of a commit's message; what is large is stored beside it first. */
export const encodeCommit = async (commit: Commit, blobs: BlobStore): Promise<{ body: string; hasBlobs: boolean }> => {
  const body = JSON.stringify(commit);
  // A character is at most 3 bytes, so short texts need no counting.
  if (body.length * 3 <= blobThresholdBytes || Buffer.byteLength(body) <= blobThresholdBytes) return { body, hasBlobs: false };
  let slim = body;
  for (const limitBytes of memberLimitsBytes) {
    slim = JSON.stringify(await mapLarge(commit, (value) => moveOut(value, limitBytes, blobs)));
    if (Buffer.byteLength(slim) <= bodyLimitBytes) break;
  }
  return { body: slim, hasBlobs: true };
};

/** The whole body of a message, with what stands in the object store put back. */
export const wholeBody = async (body: string, hasBlobs: boolean, blobs: BlobStore): Promise<string> =>
  hasBlobs ? JSON.stringify(await mapLarge(JSON.parse(body) as Commit, (value) => putBack(value, blobs))) : body;
