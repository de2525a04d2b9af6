import { cardSchema, noticeCardSchema, questionCardSchema, renews, type AdapterOutcome, type HttpAnswer, type InboundCall, type Interaction, type InteractiveChannel, type Outgoing, type PostedMessage, type Received, type Reply } from '@cs/notification';
import type { OutboundHttp } from '@cs/outbound-http';
import { outcomeOf, SlackApi, type SlackResult } from './slack-api.js';
import { SlackAnswers } from './slack-answers.js';
import { renderCard, renderCardReply, renderNotice, type SlackMessage } from './slack-card.js';
import { renderQuestion, renderQuestionReply } from './slack-question.js';
import { SlackHandle } from './slack-handle.js';
import { SlackIdentity, type SlackInstallation } from './slack-identity.js';
import { emptyAnswer, receiveSlack } from './slack-inbound.js';
import { SlackPosts } from './slack-posts.js';

export interface SlackChannelOptions extends SlackInstallation {
  readonly http: OutboundHttp;
  /** Of the app in this workspace: `xoxb-…`. */
  readonly botToken: string;
  readonly signingSecret: string;
  /** Where the Web API is. Default `https://slack.com/api`; a stand-in's address for tests. */
  readonly apiBaseUrl?: string;
  /** Whether the Events API may post here. Default no. */
  readonly eventsEnabled?: boolean;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Limit of one call of the Web API. Default 10 s. */
  readonly timeoutMs?: number;
}

const deliveryMs = 30_000;
/** Slack waits three seconds for an answer. */
const tellMs = 2_000;
const unreadableCard: AdapterOutcome = { kind: 'permanent', reason: 'the card cannot be read' };

interface Task {
  readonly outgoing: Outgoing;
  readonly deadline_ms: number;
}

/** What is posted, and what is answered below where it changes what asked. */
interface Shown {
  readonly message: SlackMessage;
  readonly reply?: SlackMessage;
}

/** `undefined` when the card cannot be read. */
const shownOf = ({ request, token }: Outgoing): Shown | undefined => {
  const card = cardSchema.safeParse(request.card);
  if (card.success) return { message: renderCard(card.data, token), ...(renews(request.notice) ? {} : { reply: renderCardReply(card.data) }) };
  const question = questionCardSchema.safeParse(request.card);
  if (question.success) return { message: renderQuestion(question.data), reply: renderQuestionReply(question.data) };
  const notice = noticeCardSchema.safeParse(request.card);
  return notice.success ? { message: renderNotice(notice.data) } : undefined;
};

/** What only renews is never posted. */
const isChange = ({ request, asked }: Outgoing, { reply }: Shown): boolean => renews(request.notice) || (reply !== undefined && asked.length > 0);

const threadOf = ({ thread_id, message_id }: PostedMessage): string => thread_id ?? message_id;
/** What it was to answer to is gone. */
const isOrphan = (result: SlackResult<PostedMessage>): boolean => result.kind === 'refused' && result.code === 'thread_not_found';
const sentOutcome = (result: SlackResult<PostedMessage>): AdapterOutcome => (result.kind === 'ok' ? { kind: 'sent', message: result.value } : outcomeOf(result));

/** Slack as a channel: one app in one workspace. */
export class SlackChannel implements InteractiveChannel {
  readonly #options: SlackChannelOptions;
  readonly #posts: SlackPosts;
  readonly #identity: SlackIdentity;
  readonly #answers: SlackAnswers;

  constructor(options: SlackChannelOptions) {
    const { http, botToken, now, timeoutMs, apiBaseUrl: baseUrl = 'https://slack.com/api' } = options;
    const api = new SlackApi({ http, baseUrl, botToken, now, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    this.#options = options;
    this.#posts = new SlackPosts(api);
    this.#identity = new SlackIdentity(api, options);
    this.#answers = new SlackAnswers({ api, http, now, apiOrigin: new URL(baseUrl).origin });
  }

  async deliver(outgoing: Outgoing): Promise<AdapterOutcome> {
    const task = { outgoing, deadline_ms: this.#options.now() + deliveryMs };
    const shown = shownOf(outgoing);
    if (shown === undefined) return unreadableCard;
    return this.#verified(task, () => (isChange(outgoing, shown) ? this.#change(task, shown) : this.#post(task, shown.message)));
  }

  async receive(call: InboundCall): Promise<Received> {
    const { eventsEnabled = false, ...rest } = this.#options;
    const received = receiveSlack({ ...rest, eventsEnabled }, call);
    if (received.kind !== 'told') return received;
    return { kind: 'answered', answer: await this.#answers.answer(received.handle, { kind: 'refused', text: received.text }, call.received_at_ms + tellMs) };
  }

  reply({ handle }: Interaction, reply: Reply, deadline_ms: number): Promise<HttpAnswer> {
    return handle instanceof SlackHandle ? this.#answers.answer(handle, reply, deadline_ms) : Promise.resolve(emptyAnswer);
  }

  async #verified({ deadline_ms }: Task, then: () => Promise<AdapterOutcome>): Promise<AdapterOutcome> {
    return (await this.#identity.problem(deadline_ms)) ?? then();
  }

  async #post({ outgoing, deadline_ms }: Task, message: SlackMessage): Promise<AdapterOutcome> {
    const { recipient, request, mayBePosted, thread } = outgoing;
    const opened = await this.#posts.conversationOf(recipient, deadline_ms);
    if (opened.kind !== 'ok') return outcomeOf(opened);
    const conversation = opened.value;
    const post = { conversation, delivery_id: request.delivery_id, mayBePosted, deadline_ms };
    const thread_ts = thread?.conversation === conversation ? threadOf(thread) : undefined;
    const result = await this.#posts.post({ ...post, thread_ts, broadcast: true }, message);
    return sentOutcome(isOrphan(result) ? await this.#posts.post(post, message) : result);
  }

  /** Changes every card first, so that no button outlives a decision because an answer below could not be posted. */
  async #change({ outgoing, deadline_ms }: Task, { message, reply: answer }: Shown): Promise<AdapterOutcome> {
    const { asked, request, mayBePosted } = outgoing;
    for (const each of asked) {
      const failure = await this.#posts.update(each, message, deadline_ms);
      if (failure) return outcomeOf(failure);
    }
    const [first] = asked;
    if (first === undefined || answer === undefined) return { kind: 'sent' };
    const reply = await this.#posts.post({ conversation: first.conversation, delivery_id: request.delivery_id, thread_ts: threadOf(first), mayBePosted, deadline_ms }, answer);
    return isOrphan(reply) ? { kind: 'sent' } : sentOutcome(reply);
  }
}
