import type { PostedMessage } from '@cs/notification';
import { LruCache } from '@cs/kernel';
import { z } from 'zod';
import type { SlackMessage } from './slack-card.js';
import { isGoneCode, isTransientCode } from './slack-errors.js';
import type { SlackApi, SlackFailure, SlackResult } from './slack-api.js';

/** Where a message goes, and as what it is found again. */
export interface SlackPost {
  readonly conversation: string;
  readonly delivery_id: string;
  /** The message that it answers. */
  readonly thread_ts?: string | undefined;
  /** An answer that the whole conversation sees, because it asks something. */
  readonly broadcast?: boolean;
  /** Look for it before posting it. */
  readonly mayBePosted: boolean;
  readonly deadline_ms: number;
}

const eventType = 'countersign_delivery';
const postedSchema = z.object({ channel: z.string(), ts: z.string() });
const openedSchema = z.object({ channel: z.object({ id: z.string() }) });
const foundSchema = z.object({ ts: z.string(), metadata: z.object({ event_type: z.string(), event_payload: z.record(z.string(), z.unknown()) }).optional() });
const historySchema = z.object({ messages: z.array(foundSchema), response_metadata: z.object({ next_cursor: z.string().optional() }).optional() });
const maxPages = 10;
const pageSize = 200;

const nothingFound = { kind: 'ok', value: undefined } as const;

const posted = (conversation: string, ts: string, thread_ts: string | undefined): PostedMessage => ({ conversation, message_id: ts, thread_id: thread_ts ?? ts });

/** Where the app may not read, a second message is better than none. */
const unread = (failure: SlackFailure): SlackFailure | typeof nothingFound => (failure.kind === 'refused' && !isTransientCode(failure.code) ? nothingFound : failure);

const isOfDelivery = ({ metadata }: z.infer<typeof foundSchema>, deliveryId: string): boolean => metadata?.event_type === eventType && metadata.event_payload['delivery_id'] === deliveryId;

/** Messages of one installation: posting, finding, changing. */
export class SlackPosts {
  readonly #direct = new LruCache<string, string>(1_000);

  constructor(readonly api: SlackApi) {}

  /** The conversation of a recipient: itself, or the direct messages with a person. */
  async conversationOf(recipient: string, deadline_ms: number): Promise<SlackResult<string>> {
    const [, user] = /^(?:user:)?([UW][A-Z0-9]+)$/.exec(recipient) ?? [];
    if (user === undefined) return { kind: 'ok', value: recipient };
    const known = this.#direct.get(user);
    if (known !== undefined) return { kind: 'ok', value: known };
    const opened = await this.api.call({ method: 'conversations.open', args: { users: user }, as: 'json', answer: openedSchema, deadline_ms });
    if (opened.kind !== 'ok') return opened;
    this.#direct.set(user, opened.value.channel.id);
    return { kind: 'ok', value: opened.value.channel.id };
  }

  /** Posts once: what an earlier attempt posted without knowing it is found by the delivery's id in its metadata. */
  async post(post: SlackPost, message: SlackMessage): Promise<SlackResult<PostedMessage>> {
    const found = post.mayBePosted ? await this.#find(post) : nothingFound;
    if (found.kind !== 'ok') return found;
    if (found.value !== undefined) return { kind: 'ok', value: found.value };
    const { conversation, delivery_id, thread_ts, broadcast = false, deadline_ms } = post;
    const answered = await this.api.call({
      method: 'chat.postMessage', as: 'json', answer: postedSchema, deadline_ms,
      args: {
        channel: conversation, ...message, metadata: { event_type: eventType, event_payload: { delivery_id } },
        parse: 'none', link_names: false, mrkdwn: false, unfurl_links: false, unfurl_media: false,
        ...(thread_ts === undefined ? {} : { thread_ts, ...(broadcast ? { reply_broadcast: true } : {}) }),
      },
    });
    return answered.kind === 'ok' ? { kind: 'ok', value: posted(answered.value.channel, answered.value.ts, thread_ts) } : answered;
  }

  /** Changes a message. One that is gone is fine. */
  async update({ conversation, message_id }: PostedMessage, message: SlackMessage, deadline_ms: number): Promise<SlackFailure | undefined> {
    const answered = await this.api.call({ method: 'chat.update', as: 'json', answer: z.unknown(), deadline_ms, args: { channel: conversation, ts: message_id, ...message, parse: 'none', link_names: false } });
    return answered.kind === 'ok' || (answered.kind === 'refused' && isGoneCode(answered.code)) ? undefined : answered;
  }

  async #find({ conversation, thread_ts, delivery_id, deadline_ms }: SlackPost): Promise<SlackResult<PostedMessage | undefined>> {
    let cursor: string | undefined;
    for (let page = 0; page < maxPages && cursor !== ''; page += 1) {
      const read = await this.#read({ conversation, thread_ts, cursor, deadline_ms });
      if (read.kind !== 'ok') return unread(read);
      const hit = read.value.messages.find((message) => isOfDelivery(message, delivery_id));
      if (hit) return { kind: 'ok', value: posted(conversation, hit.ts, thread_ts) };
      cursor = read.value.response_metadata?.next_cursor ?? '';
    }
    return nothingFound;
  }

  /** A page of the conversation, or of the thread, newest first. */
  #read({ conversation, thread_ts, cursor, deadline_ms }: Pick<SlackPost, 'conversation' | 'thread_ts' | 'deadline_ms'> & { readonly cursor: string | undefined }): Promise<SlackResult<z.infer<typeof historySchema>>> {
    const where = thread_ts === undefined ? {} : { ts: thread_ts };
    const from = cursor === undefined ? {} : { cursor };
    return this.api.call({ method: thread_ts === undefined ? 'conversations.history' : 'conversations.replies', as: 'form', answer: historySchema, deadline_ms, args: { channel: conversation, include_all_metadata: 'true', limit: String(pageSize), ...where, ...from } });
  }
}
