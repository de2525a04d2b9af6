import { createHmac } from 'node:crypto';
import { sendCallback, type CallbackAnswer } from '../callback.js';
import { checkView, isParts } from './slack-block-check.js';
import type { SlackApp } from './slack-methods.js';
import type { SlackModal, SlackPerson, SlackStore, SlackStoredMessage } from './slack-store.js';

export interface SlackPeopleOptions extends SlackApp {
  readonly store: SlackStore;
  readonly signingSecret: string;
  /** Where interactions are posted to; the app's request URL. */
  readonly callbackUrl: () => string | undefined;
  /** The double's own address, for addresses of answers. */
  readonly ownUrl: () => string;
  readonly now: () => number;
  /** How long Slack waits for an answer, in milliseconds. Default 3,000. */
  readonly answerMs?: number | undefined;
}

/** What came of a callback: its answer, and what Slack shows its user instead when there is none. */
export interface SlackActed {
  readonly answer: CallbackAnswer;
  /** What Slack shows: `undefined` when all is well. */
  readonly trouble?: string;
}

type Payload = Readonly<Record<string, unknown>>;

const late = 'Operation timed out. Apps need to respond within 3 seconds.';

const troubleOf = (answer: CallbackAnswer): string | undefined => {
  if (answer.kind === 'late') return late;
  if (answer.kind === 'unreachable') return 'The app could not be reached.';
  return answer.status === 200 ? undefined : `This app responded with Status Code ${answer.status}.`;
};

const parse = (body: string): Payload => {
  try {
    const value: unknown = JSON.parse(body);
    return isParts(value) ? value : {};
  } catch {
    return {};
  }
};

const buttonsOf = (blocks: readonly unknown[]): readonly Payload[] =>
  blocks.flatMap((block): readonly unknown[] => {
    if (!isParts(block)) return [];
    return block['type'] === 'actions' ? (block['elements'] as unknown[]) : [block['accessory']];
  }).filter(isParts);

/** Slack's signature of a body (https://docs.slack.dev/authentication/verifying-requests-from-slack). */
export const slackHeaders = (secret: string, body: string | Uint8Array, nowMs: number): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(nowMs / 1000));
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}` };
};

/** What people do in the workspace: they press, fill in, type; Slack tells the app, signed, and shows what it answers. */
export class SlackPeople {
  readonly #options: SlackPeopleOptions;

  constructor(options: SlackPeopleOptions) {
    this.#options = options;
  }

  /** Presses a button of a message. Throws when there is no such button. */
  async press(user: string, message: Pick<SlackStoredMessage, 'channel' | 'ts'>, actionId: string): Promise<SlackActed> {
    return this.post(this.pressBody(user, message, actionId));
  }

  /** The body that pressing would post, e.g. to post it twice or another way. */
  pressBody(user: string, { channel, ts }: Pick<SlackStoredMessage, 'channel' | 'ts'>, actionId: string): string {
    const { store, now } = this.#options;
    const message = store.find(channel, ts);
    const button = buttonsOf(message?.blocks ?? []).find(({ action_id }) => action_id === actionId);
    if (message === undefined || button === undefined) throw new Error(`no button ${actionId} on ${channel} ${ts}`);
    const { type, action_id, value, text } = button;
    return this.#form({
      ...this.#origin('block_actions', user), container: { type: 'message', message_ts: ts, channel_id: channel, is_ephemeral: false }, channel: { id: channel, name: store.conversations.get(channel)?.name },
      message: { type: 'message', ts, text: message.text, ...(message.thread_ts === undefined ? {} : { thread_ts: message.thread_ts }) }, state: { values: {} },
      response_url: `${this.#options.ownUrl()}/hooks/${store.hook(user, message, now())}`, actions: [{ type, action_id, block_id: 'b', text, value, action_ts: store.stamp(now()) }],
    });
  }

  /** Sends an open modal with what was typed into its only input. */
  async submit(modalId: string, typed: string): Promise<SlackActed> {
    const modal = this.#options.store.modals.get(modalId);
    if (modal === undefined) throw new Error(`no modal ${modalId}`);
    const acted = await this.post(this.submitBody(modal, typed));
    if (acted.answer.kind === 'answered' && acted.answer.status === 200) return this.#afterSubmit(modal, acted);
    return acted;
  }

  submitBody({ id, user, view }: SlackModal, typed: string): string {
    const inputs = (view['blocks'] as unknown[]).filter(isParts).filter(({ type }) => type === 'input');
    const values = Object.fromEntries(inputs.map(({ block_id, element }) => [String(block_id), isParts(element) ? { [String(element['action_id'])]: { type: element['type'], value: typed === '' ? null : typed } } : {}]));
    return this.#form({ ...this.#origin('view_submission', user), view: { id, team_id: this.#options.teamId, ...view, state: { values }, hash: '1.a' }, response_urls: [] });
  }

  dismiss(modalId: string): void {
    this.#options.store.modals.delete(modalId);
  }

  /** Types `/countersign <text>`. */
  async command(user: string, channel: string, text: string): Promise<SlackActed> {
    const acted = await this.post(this.commandBody(user, channel, text));
    const { text: told } = acted.answer.kind === 'answered' ? parse(acted.answer.body) : {};
    if (typeof told === 'string') this.#options.store.whispers.push({ user, channel, text: told });
    return acted;
  }

  commandBody(user: string, channel: string, text: string): string {
    const { store, teamId, appId, now } = this.#options;
    return new URLSearchParams({
      token: 'gone', team_id: teamId, team_domain: 'double', channel_id: channel, channel_name: store.conversations.get(channel)?.name ?? '', user_id: user, user_name: this.#person(user).name,
      command: '/countersign', text, api_app_id: appId, is_enterprise_install: 'false', trigger_id: store.trigger(user, now()), response_url: `${this.#options.ownUrl()}/hooks/${store.hook(user, undefined, now())}`,
    }).toString();
  }

  /** Takes an answer that the app posts to one of the addresses it was given. */
  takeHook(id: string, body: string): boolean {
    const { store, now } = this.#options;
    const hook = store.takeHook(id, now());
    const { text, response_type } = parse(body);
    if (hook === undefined || typeof text !== 'string') return false;
    if (response_type === 'ephemeral') store.whispers.push({ user: hook.user, channel: hook.message?.channel ?? '', text });
    return response_type === 'ephemeral';
  }

  /** Posts a body as Slack does: signed, form-encoded, with a deadline; also one that was posted before. */
  async post(body: string): Promise<SlackActed> {
    const { signingSecret, callbackUrl, now, answerMs = 3_000 } = this.#options;
    const url = callbackUrl();
    if (url === undefined) return { answer: { kind: 'unreachable' }, trouble: 'The app has no request URL.' };
    const answer = await sendCallback({ url, body, timeoutMs: answerMs, headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'Slackbot 1.0', ...slackHeaders(signingSecret, body, now()) } });
    const trouble = troubleOf(answer);
    return { answer, ...(trouble === undefined ? {} : { trouble }) };
  }

  #afterSubmit(modal: SlackModal, acted: SlackActed): SlackActed {
    const { response_action: action, view, errors } = acted.answer.kind === 'answered' ? parse(acted.answer.body) : {};
    if (action === 'errors' && isParts(errors)) {
      modal.errors = Object.fromEntries(Object.entries(errors).map(([name, text]) => [name, String(text)]));
      return acted;
    }
    if (action !== 'update') {
      this.dismiss(modal.id);
      return acted;
    }
    const problems = checkView(view);
    if (problems.length > 0 || !isParts(view)) return { ...acted, trouble: `We had some trouble connecting. ${problems.join('; ')}` };
    modal.view = view;
    modal.errors = {};
    return acted;
  }

  #person(user: string): SlackPerson {
    const person = this.#options.store.people.get(user);
    if (person === undefined) throw new Error(`no person ${user}`);
    return person;
  }

  #origin(type: string, user: string): Payload {
    const { store, teamId, appId, now } = this.#options;
    const { name, team = teamId } = this.#person(user);
    return { type, api_app_id: appId, token: 'gone', team: { id: teamId, domain: 'double' }, enterprise: null, is_enterprise_install: false, user: { id: user, username: name, name, team_id: team }, trigger_id: store.trigger(user, now()) };
  }

  #form(payload: Payload): string {
    return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  }
}
