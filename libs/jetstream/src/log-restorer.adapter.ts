import { blobThresholdBytes, commitSchema, streams } from '@cs/contracts';
import { toPosition, type Position } from '@cs/kernel';
import { jetstream, JetStreamApiError, jetstreamManager, type JetStreamManager, type PubAck } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { BlobStore } from './blob-store.adapter.js';
import { blobHeader, encodeCommit } from './commit-codec.js';
import { ensureStreams } from './ensure-streams.js';
import { logEnd } from './log-end.js';
import { hasCode } from './nats-error-codes.js';
import { askPresence } from './presence.js';
import { isBeingRestored, markRestored, markRestoring } from './restore-mark.js';

/** A commit as the archive keeps it. */
export interface RestoredCommit {
  readonly position: number;
  readonly subject: string;
  readonly body: string;
  /** Why it was set aside. */
  readonly problem: string | null;
}

/** Something else wrote to the log while it was being restored. */
export class LogNotAloneError extends Error {
  override readonly name = 'LogNotAloneError';
}

/** Services use the log; they would act on a part of it. */
export class LogInUseError extends Error {
  override readonly name = 'LogInUseError';
  constructor(services: readonly string[]) {
    super(`services are running: ${services.join(', ')}. Stop them, restore the log, then start them again`);
  }
}

interface Encoded {
  readonly commit: RestoredCommit;
  /** As when it was first written; what is no commit has one of its own. */
  readonly messageId: string;
  readonly text: string;
  readonly hasBlobs: boolean;
}

const ackTimeoutMs = 30_000;
const chunkCommits = 500;
const chunkBytes = 4 * 1024 * 1024;

const commitOf = (body: string) => {
  try {
    return commitSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
};

/** Splits what one acknowledgement is asked for. */
function* chunksOf(commits: readonly Encoded[]): Generator<readonly Encoded[]> {
  let chunk: Encoded[] = [];
  let bytes = 0;
  for (const item of commits) {
    if (chunk.length > 0 && (chunk.length === chunkCommits || bytes + item.text.length > chunkBytes)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += item.text.length;
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * What a message expects before it: its place, and within a chunk the message before it. The place alone
 * would not do: after someone else's message at that place, the next one finds the place that it expects.
 */
const headersOf = ({ commit: { position }, messageId, hasBlobs }: Encoded, before: Encoded | undefined): MsgHdrs => {
  const written = headers();
  written.set('Nats-Msg-Id', messageId);
  written.set('Nats-Expected-Stream', streams.log.name);
  written.set('Nats-Expected-Last-Sequence', String(position - 1));
  if (before !== undefined) written.set('Nats-Expected-Last-Msg-Id', before.messageId);
  if (hasBlobs) written.set(blobHeader, '1');
  return written;
};

/**
 * Writes the log from the archive: the same messages in the same order, each at the position that it had,
 * because every message names the one before it. While it is at work the stream bears a mark that keeps
 * services from starting.
 */
export class JetStreamLogRestorer {
  readonly #nc: NatsConnection;
  readonly #jsm: Promise<JetStreamManager>;
  readonly #blobs: BlobStore;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
    this.#jsm = jetstreamManager(nc, { checkAPI: false });
    this.#blobs = new BlobStore(jetstream(nc));
  }

  /**
   * Makes the streams where they are missing, sets the mark, and answers the position that the log holds
   * already, and whether the mark was there. Throws `LogInUseError` when services run.
   */
  async begin(): Promise<{ readonly position: Position; readonly isContinued: boolean }> {
    const jsm = await this.#jsm;
    await this.#refuseCompany();
    const isContinued = await isBeingRestored(jsm);
    if (!isContinued) await ensureStreams(this.#nc);
    await markRestoring(jsm);
    try {
      // A service may have started between the question and the mark.
      await this.#refuseCompany();
    } catch (error) {
      if (!isContinued) await markRestored(jsm);
      throw error;
    }
    return { position: await logEnd(this.#nc), isContinued };
  }

  /** The log is whole: services may start. */
  async finish(): Promise<void> {
    await markRestored(await this.#jsm);
  }

  /** Writes commits that follow what the log holds. Throws `LogNotAloneError`; after any error the log holds a part of them, in order. */
  async append(commits: readonly RestoredCommit[]): Promise<void> {
    const encoded: Encoded[] = [];
    // One after the other: a page of large commits must not be in memory twice.
    for (const commit of commits) encoded.push(await this.#encode(commit));
    for (const chunk of chunksOf(encoded)) await this.#publish(chunk);
  }

  async #refuseCompany(): Promise<void> {
    const names = await askPresence(this.#nc);
    if (names.length > 0) throw new LogInUseError(names);
  }

  async #encode(commit: RestoredCommit): Promise<Encoded> {
    const parsed = commitOf(commit.body);
    const isSmall = commit.body.length * 3 <= blobThresholdBytes || Buffer.byteLength(commit.body) <= blobThresholdBytes;
    // What named data that the object store did not have still does; without the header it would read as if the names were the data.
    const lacksItsData = commit.problem !== null && commit.body.includes('"$blob"');
    const messageId = parsed?.commit_id ?? `restored-${commit.position}`;
    if (parsed === undefined || isSmall || lacksItsData) return { commit, messageId, text: commit.body, hasBlobs: lacksItsData };
    const { body, hasBlobs } = await encodeCommit(parsed, this.#blobs);
    return { commit, messageId, text: body, hasBlobs };
  }

  async #publish(chunk: readonly Encoded[]): Promise<void> {
    const last = chunk.at(-1);
    if (last === undefined) return;
    for (const [index, item] of chunk.slice(0, -1).entries()) this.#nc.publish(item.commit.subject, item.text, { headers: headersOf(item, chunk[index - 1]) });
    const answer = await this.#nc.request(last.commit.subject, last.text, { headers: headersOf(last, chunk.at(-2)), timeout: ackTimeoutMs });
    const ack: PubAck & { readonly error?: ConstructorParameters<typeof JetStreamApiError>[0] } = answer.json();
    if (ack.error) throw this.#refused(new JetStreamApiError(ack.error), last.commit);
    if (ack.seq !== last.commit.position) throw new LogNotAloneError(`commit ${last.commit.position} was stored at ${ack.seq}`);
  }

  #refused(error: JetStreamApiError, { position }: RestoredCommit): Error {
    return hasCode(error, 'wrongLastSequence') || hasCode(error, 'wrongLastMessageId') ? new LogNotAloneError(`the log is not where it was left when commit ${toPosition(position)} was to follow: something else writes to it`, { cause: error }) : error;
  }
}
