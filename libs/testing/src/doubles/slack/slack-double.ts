import { DoubleServer, type DoubleServerOptions } from '../double-server.js';
import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest, type PageContent } from '../doubled-platform.js';
import { escapeHtml, hiddenField } from '../page-shell.js';
import type { RateLimitOptions } from '../rate-limit.js';
import { slackBlocksHtml, slackModalHtml, slackStyle } from './slack-html.js';
import { SlackMethods, type SlackApp } from './slack-methods.js';
import { SlackPeople } from './slack-people.js';
import { SlackStore, type SlackConversation, type SlackPerson, type SlackStoredMessage } from './slack-store.js';

export interface SlackDoubleOptions extends Partial<SlackApp> {
  readonly signingSecret?: string;
  /** Where interactions are posted to; it may be set later (`callbackUrl`). */
  readonly callbackUrl?: string;
  /** Default: one public channel `C0APPROVALS`. */
  readonly channels?: readonly (Pick<SlackConversation, 'id' | 'name'> & Partial<SlackConversation>)[];
  /** Default: `U0ADA` and `U0GRACE`. */
  readonly people?: readonly SlackPerson[];
  /** Of messages to one conversation. Default: none. Slack's own is one a second. */
  readonly rateLimit?: RateLimitOptions;
  readonly answerMs?: number;
  /** Unix milliseconds. Default: the clock. */
  readonly now?: () => number;
}

/** Slack, as far as Countersign uses it: its Web API, one workspace with its people, and a page that shows it. */
export class SlackDouble implements DoubledPlatform {
  readonly name = 'Slack';
  readonly style = slackStyle;
  readonly app: SlackApp & { readonly signingSecret: string };
  readonly store = new SlackStore();
  readonly people: SlackPeople;
  /** Where interactions are posted to: the app's request URL. */
  callbackUrl: string | undefined;
  /** Its own address, once it listens. */
  ownUrl = '';
  #viewer: string;
  /** Where somebody types a command. */
  #typingIn: string | undefined;
  readonly #methods: SlackMethods;

  constructor(options: SlackDoubleOptions = {}) {
    const { now = Date.now, signingSecret = 'double-signing-secret', channels = [{ id: 'C0APPROVALS', name: 'approvals' }], people = [{ id: 'U0ADA', name: 'ada' }, { id: 'U0GRACE', name: 'grace' }], rateLimit, answerMs } = options;
    const { teamId = 'T0DOUBLE', appId = 'A0DOUBLE', botId = 'B0DOUBLE', botUserId = 'U0DOUBLE', botToken = 'xoxb-double' } = options;
    this.app = { teamId, appId, botId, botUserId, botToken, signingSecret };
    this.callbackUrl = options.callbackUrl;
    for (const channel of channels) this.store.conversations.set(channel.id, { isMember: true, isArchived: false, ...channel });
    for (const person of people) this.store.people.set(person.id, person);
    this.#viewer = people[0]?.id ?? '';
    this.#methods = new SlackMethods({ ...this.app, store: this.store, rateLimit, now });
    this.people = new SlackPeople({ ...this.app, store: this.store, callbackUrl: () => this.callbackUrl, ownUrl: () => this.ownUrl, now, answerMs });
  }

  /** Messages of the app, oldest first. */
  get messages(): readonly SlackStoredMessage[] {
    return this.store.messages.filter(({ author, deleted }) => author === this.app.botUserId && !deleted);
  }

  answer(request: DoubleRequest): DoubleAnswer {
    const [, area, name = ''] = request.path.split('/');
    if (request.method !== 'POST') return jsonAnswer(405, { ok: false, error: 'method_not_supported' });
    if (area === 'api') return this.#methods.answer(name, request);
    if (area === 'hooks') return this.people.takeHook(name, request.body.toString('utf8')) ? { status: 200, body: 'ok' } : { status: 404, body: 'expired_url' };
    return { status: 404, body: '' };
  }

  async act({ do: what = '', user = this.#viewer, channel = '', ts = '', action = '', modal = '', typed = '' }: Readonly<Record<string, string>>): Promise<string | undefined> {
    switch (what) {
      case 'be': this.#viewer = this.store.people.has(user) ? user : this.#viewer; return undefined;
      case 'press': return (await this.people.press(user, { channel, ts }, action)).trouble;
      case 'submit': return (await this.people.submit(modal, typed)).trouble;
      case 'dismiss': this.people.dismiss(modal); return undefined;
      case 'type': this.#typingIn = channel; return undefined;
      case 'command': this.#typingIn = undefined; return (await this.people.command(user, channel, typed)).trouble;
      default: return `unknown: ${what}`;
    }
  }

  page(): PageContent {
    const modals = [...this.store.modals.values()].filter(({ user }) => user === this.#viewer);
    const conversations = [...this.store.conversations.values()].filter((conversation) => conversation.with === undefined || conversation.with === this.#viewer);
    return { html: `${this.#peopleHtml()}${modals.map(slackModalHtml).join('')}${conversations.map((conversation) => this.#conversationHtml(conversation)).join('')}`, isBusy: modals.length > 0 || this.#typingIn !== undefined };
  }

  #peopleHtml(): string {
    const be = (person: SlackPerson): string =>
      person.id === this.#viewer ? `<b>${escapeHtml(person.name)}</b>` : `<form method="post" action="/act">${hiddenField('do', 'be')}${hiddenField('user', person.id)}<button>${escapeHtml(person.name)}</button></form>`;
    return `<div class="people">You are ${[...this.store.people.values()].map(be).join(' · ')}</div>`;
  }

  #conversationHtml({ id, name, with: other }: SlackConversation): string {
    const inChannel = this.store.messages.filter((message) => message.channel === id && !message.deleted);
    const roots = inChannel.filter(({ thread_ts }) => thread_ts === undefined).map((root) => `${this.#messageHtml(root)}<div class="thread">${inChannel.filter(({ thread_ts }) => thread_ts === root.ts).map((reply) => this.#messageHtml(reply)).join('')}</div>`);
    const whispers = this.store.whispers.filter(({ user, channel }) => user === this.#viewer && channel === id).slice(-5).map(({ text }) => `<div class="whisper">Only visible to you: ${escapeHtml(text)}</div>`);
    const typing = `<form method="post" action="/act">${hiddenField('do', 'command')}${hiddenField('channel', id)}/countersign <input name="typed" placeholder="enrol CODE" autofocus> <button>Send</button></form>`;
    const command = this.#typingIn === id ? typing : `<form method="post" action="/act">${hiddenField('do', 'type')}${hiddenField('channel', id)}<button>/countersign …</button></form>`;
    return `<div class="ch">${other === undefined ? '#' : 'Direct: '}${escapeHtml(name)}</div>${roots.join('')}${whispers.join('')}<p>${command}</p>`;
  }

  #messageHtml({ channel, ts, blocks, text, edits }: SlackStoredMessage): string {
    const press = (actionId: string): string => [['do', 'press'], ['channel', channel], ['ts', ts], ['action', actionId]].map(([name = '', value = '']) => hiddenField(name, value)).join('');
    const at = new Date(Number(ts) * 1000).toISOString().slice(11, 16);
    const body = blocks.length === 0 ? `<div class="sec">${escapeHtml(text)}</div>` : slackBlocksHtml(blocks, press);
    return `<div class="msg"><span class="who">Countersign</span> <span class="app">APP</span> <span class="time">${at} UTC${edits > 0 ? ' (edited)' : ''}</span>${body}</div>`;
  }
}

/** Starts a Slack of its own on a free port of this machine. Its Web API is at `<url>/api`. */
export const startSlackDouble = async (options: SlackDoubleOptions & DoubleServerOptions = {}): Promise<DoubleServer<SlackDouble>> => {
  const server = await new DoubleServer(new SlackDouble(options), options).start();
  server.platform.ownUrl = server.url;
  return server;
};
