import {
  DiscordDouble, DoubleServer, type SlackDouble, slackHeaders, startSlackDouble, TelegramDouble, type DiscordDoubleMessage, type DiscordShown, type DoubledPlatform, type SlackStoredMessage, type TelegramDoubleMessage,
} from '@cs/testing/doubles';

/** People, in every chat by a user of their own. */
export const people = ['ada', 'grace', 'eve'] as const;
export type Person = (typeof people)[number];

/** A card as somebody in a chat sees it. */
export interface ChatCard {
  readonly message_id: string;
  /** What its buttons carry; `undefined` when it has none. */
  readonly token: string | undefined;
  readonly text: string;
}

interface Signed {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Somebody who acts on a card. */
interface Acted {
  readonly user_id: string;
  readonly token: string;
  readonly number: number;
}

/** A chat with people who press, whatever platform it is of. */
export interface Chat {
  readonly kind: 'slack' | 'discord' | 'telegram';
  readonly server: DoubleServer<DoubledPlatform>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Settings and names of secrets of a channel in this chat. */
  readonly channel: (allowed: readonly Person[]) => { readonly kind: string; readonly name: string; readonly settings: Record<string, unknown>; readonly secrets: Record<string, string> };
  readonly userId: (person: Person) => string;
  readonly actorId: (person: Person) => string;
  /** Where the platform calls back. */
  callbackUrl: string;
  cards(): readonly ChatCard[];
  /** What the bot answered below a card, the first answer first. */
  answersTo(card: ChatCard): readonly string[];
  /** Presses a button; answers what is told to who pressed. `token`: of another card than the pressed one. */
  press(card: ChatCard, decision: string, by: { readonly person: Person; readonly token?: string }): Promise<string>;
  /** Sends a code in the chat; answers what is told. */
  enrol(person: Person, code: string): Promise<string>;
  /** Sends the last press again: byte by byte, or with something that nobody reads added. Answers the status. */
  repeat(changed: boolean): Promise<number>;
  /** Posts what the bot has posted once more, as an attempt does of which nobody knows. */
  duplicate(card: ChatCard): Promise<ChatCard>;
  /** Signs a body as the platform does. */
  signed(body: string | Buffer): Readonly<Record<string, string>>;
  /** Everything that the platform sends when a user acts on a card, each with an identity of its own by `number`. */
  callbacks(by: Acted): readonly [unknown, ...unknown[]];
  /** How the platform writes them. */
  encode(callback: unknown): string;
}

const tokenIn = (value: unknown): string | undefined => /tdm:\w+:([0-9a-f]{32})/.exec(JSON.stringify(value))?.[1];
/** Posts to the platform and answers what it says of the message. */
const posted = async (url: string, init: { readonly headers: Readonly<Record<string, string>>; readonly body: string }): Promise<unknown> => (await fetch(url, { method: 'POST', ...init })).json();
const postJson = async (url: string, { headers, body }: Signed): Promise<number> => (await fetch(url, { method: 'POST', headers, body })).status;
const must = <Value>(value: Value | undefined): Value => {
  if (value === undefined) throw new Error('there is none');
  return value;
};

const isCard = (blocks: unknown): boolean => JSON.stringify(blocks).startsWith('[{"type":"header"');
const slackIds = { ada: 'U0ADA', grace: 'U0GRACE', eve: 'U0EVE' } as const;
const numbers = { ada: '2001', grace: '2002', eve: '2003' } as const;

class SlackChat implements Chat {
  readonly kind = 'slack';
  readonly secrets: Readonly<Record<string, string>>;
  #last = '';

  constructor(readonly server: DoubleServer<SlackDouble>) {
    const { botToken, signingSecret } = server.platform.app;
    this.secrets = { SLACK_TOKEN: botToken, SLACK_SIGNING: signingSecret };
  }

  channel(allowed: readonly Person[]) {
    const { teamId, appId } = this.server.platform.app;
    return { kind: 'slack', name: 'Slack', secrets: { bot_token: 'SLACK_TOKEN', signing_secret: 'SLACK_SIGNING' }, settings: { recipient: 'C0APPROVALS', allowed_users: allowed.map((person) => this.userId(person)), base_url: `${this.server.url}/api`, per_second: 100, options: { team_id: teamId, app_id: appId } } };
  }

  userId = (person: Person): string => slackIds[person];
  actorId = (person: Person): string => `channel:slack:${this.server.platform.app.teamId}:${this.server.platform.app.appId}:${slackIds[person]}`;

  set callbackUrl(url: string) {
    this.server.platform.callbackUrl = url;
  }

  get callbackUrl(): string {
    return this.server.platform.callbackUrl ?? '';
  }

  cards(): readonly ChatCard[] {
    return this.#posted().map(({ ts, blocks }) => ({ message_id: ts, token: tokenIn(blocks), text: JSON.stringify(blocks) }));
  }

  answersTo = ({ message_id }: ChatCard): readonly string[] =>
    this.server.platform.messages.filter(({ thread_ts, blocks }) => thread_ts === message_id && !isCard(blocks)).map(({ blocks }) => JSON.stringify(blocks));

  /** Also of a card without buttons, as by a client that still shows them. */
  async press({ message_id, token = '' }: ChatCard, decision: string, { person, token: other = token }: { readonly person: Person; readonly token?: string }): Promise<string> {
    const { people: hands, store, app: { teamId, appId } } = this.server.platform;
    const before = store.whispers.length;
    const message = must(this.#posted().find(({ ts }) => ts === message_id));
    const user = this.userId(person);
    this.#last = new URLSearchParams({ payload: JSON.stringify({
      type: 'block_actions', api_app_id: appId, team: { id: teamId, domain: 'double' }, user: { id: user, username: person, name: person, team_id: teamId }, trigger_id: store.trigger(user, Date.now()),
      container: { type: 'message', message_ts: message_id, channel_id: 'C0APPROVALS' }, message: { ts: message_id, text: message.text }, response_url: `${this.server.url}/hooks/${store.hook(user, message, Date.now())}`,
      actions: [{ type: 'button', action_id: `tdm:${decision}`, block_id: 'b', value: `tdm:${decision}:${other}`, action_ts: store.stamp(Date.now()) }],
    }) }).toString();
    const { trouble } = await hands.post(this.#last);
    return trouble ?? store.whispers.slice(before).map(({ text }) => text).join('\n');
  }

  async enrol(person: Person, code: string): Promise<string> {
    const { people: hands, store } = this.server.platform;
    await hands.command(this.userId(person), 'C0APPROVALS', `enrol ${code}`);
    return store.whispers.at(-1)?.text ?? '';
  }

  async repeat(changed: boolean): Promise<number> {
    const { answer } = await this.server.platform.people.post(changed ? `${this.#last}&x=1` : this.#last);
    return answer.kind === 'answered' ? answer.status : 0;
  }

  async duplicate({ message_id }: ChatCard): Promise<ChatCard> {
    const { text, blocks } = must(this.#posted().find(({ ts }) => ts === message_id));
    const { botToken } = this.server.platform.app;
    const { ts } = (await posted(`${this.server.url}/api/chat.postMessage`, { headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${botToken}` }, body: JSON.stringify({ channel: 'C0APPROVALS', text, blocks }) })) as { ts: string };
    return must(this.cards().find((card) => card.message_id === ts));
  }

  callbacks({ user_id, token, number }: Acted): readonly [unknown, ...unknown[]] {
    const { teamId, appId } = this.server.platform.app;
    const origin = { api_app_id: appId, team: { id: teamId, domain: 'double' }, user: { id: user_id, username: 'x', name: 'x', team_id: teamId }, trigger_id: `1.2.${number}` };
    return [
      { type: 'block_actions', ...origin, container: { type: 'message', message_ts: '1.2', channel_id: 'C0APPROVALS' }, message: { ts: '1.2', text: 'x' }, response_url: `${this.server.url}/hooks/none`, actions: [{ type: 'button', action_id: 'tdm:approve', block_id: 'b', value: `tdm:approve:${token}`, action_ts: `${number}.1` }] },
      { type: 'view_submission', ...origin, view: { id: `V${number}`, callback_id: 'tandem_rework_v1', private_metadata: `tdm:rework:${token}`, state: { values: { reason_block: { reason_input: { type: 'plain_text_input', value: 'why' } } } } } },
      { command: '/countersign', text: 'enrol AB12CD34', team_id: teamId, channel_id: 'C0APPROVALS', user_id, api_app_id: appId, trigger_id: `3.4.${number}`, response_url: `${this.server.url}/hooks/none` },
    ];
  }

  /** Commands come as a form, everything else as JSON within one. */
  encode(callback: unknown): string {
    const isCommand = typeof callback === 'object' && callback !== null && 'command' in callback;
    return new URLSearchParams(isCommand ? Object.entries(callback).map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]) : { payload: JSON.stringify(callback) ?? '' }).toString();
  }

  signed(body: string | Buffer): Readonly<Record<string, string>> {
    return { 'content-type': 'application/x-www-form-urlencoded', ...slackHeadersOf(this.server.platform, body) };
  }

  #posted(): readonly SlackStoredMessage[] {
    return this.server.platform.messages.filter(({ thread_ts, blocks }) => thread_ts === undefined || isCard(blocks));
  }
}

const shownText = (shown: DiscordShown): string => (shown.kind === 'message' ? shown.text.replace(/\\(.)/g, '$1') : shown.kind === 'failed' ? shown.why : '');
const withExtra = (body: string): string => body.replace('{', '{"extra":1,');

class DiscordChat implements Chat {
  readonly kind = 'discord';
  readonly secrets: Readonly<Record<string, string>>;

  constructor(readonly server: DoubleServer<DiscordDouble>) {
    this.secrets = { DISCORD_TOKEN: server.platform.botToken };
  }

  channel(allowed: readonly Person[]) {
    const { applicationId, publicKey } = this.server.platform;
    return { kind: 'discord', name: 'Discord', secrets: { bot_token: 'DISCORD_TOKEN' }, settings: { recipient: '1100', allowed_users: allowed.map((person) => this.userId(person)), base_url: `${this.server.url}/api/v10`, per_second: 100, options: { application_id: applicationId, public_key: publicKey } } };
  }

  userId = (person: Person): string => numbers[person];
  actorId = this.userId;

  set callbackUrl(url: string) {
    this.server.platform.callbackUrl = url;
  }

  get callbackUrl(): string {
    return this.server.platform.callbackUrl ?? '';
  }

  cards(): readonly ChatCard[] {
    return this.#posted().map(({ id, embeds, components }) => ({ message_id: id, token: tokenIn(components), text: JSON.stringify(embeds) }));
  }

  answersTo = ({ message_id }: ChatCard): readonly string[] =>
    this.server.platform.messages().filter(({ message_reference }) => message_reference?.message_id === message_id).map(({ content }) => content.replace(/\\(.)/g, '$1'));

  async press({ message_id, token = '' }: ChatCard, decision: string, { person, token: other = token }: { readonly person: Person; readonly token?: string }): Promise<string> {
    const message = must(this.#posted().find(({ id }) => id === message_id));
    return shownText(await this.server.platform.press(message, `tdm:${decision}:${other}`, { id: this.userId(person), username: person }));
  }

  async enrol(person: Person, code: string): Promise<string> {
    return shownText(await this.server.platform.command('enrol', { code }, { id: this.userId(person), username: person }));
  }

  async repeat(changed: boolean): Promise<number> {
    const { body, headers } = must(this.server.platform.interactions.at(-1));
    const sent = changed ? withExtra(body) : body;
    return await postJson(this.callbackUrl, { body: sent, headers: changed ? this.signed(sent) : headers });
  }

  async duplicate({ message_id }: ChatCard): Promise<ChatCard> {
    const { content, embeds, components } = must(this.#posted().find(({ id }) => id === message_id));
    const { id } = (await posted(`${this.server.url}/api/v10/channels/1100/messages`, { headers: { 'content-type': 'application/json', authorization: `Bot ${this.server.platform.botToken}`, 'user-agent': 'DiscordBot (https://example.com, 1)' }, body: JSON.stringify({ content, embeds, components }) })) as { id: string };
    return must(this.cards().find((card) => card.message_id === id));
  }

  callbacks({ user_id, token, number }: Acted): readonly [unknown, ...unknown[]] {
    const { applicationId } = this.server.platform;
    const from = { id: String(500_000 + number), application_id: applicationId, token: 't', version: 1, guild_id: '3001', channel_id: '1100', member: { user: { id: user_id, username: 'x', global_name: 'x' }, roles: [] } };
    const message = { id: '1', channel_id: '1100' };
    return [
      { ...from, type: 3, message, data: { component_type: 2, custom_id: `tdm:approve:${token}` } },
      { ...from, type: 5, message, data: { custom_id: `tdm-modal:rework:${token}`, components: [{ type: 1, components: [{ type: 4, custom_id: 'reason', value: 'why' }] }] } },
      { ...from, type: 2, data: { id: '1', name: 'enrol', options: [{ name: 'code', type: 3, value: 'AB12CD34' }] } },
      { id: from.id, application_id: applicationId, type: 1 },
    ];
  }

  encode(callback: unknown): string {
    return JSON.stringify(callback) ?? '';
  }

  signed(body: string | Buffer): Readonly<Record<string, string>> {
    return this.server.platform.signed(body);
  }

  #posted(): readonly DiscordDoubleMessage[] {
    return this.server.platform.messages().filter(({ embeds }) => JSON.stringify(embeds).includes('"fields"'));
  }
}

class TelegramChat implements Chat {
  readonly kind = 'telegram';
  readonly secrets: Readonly<Record<string, string>>;

  constructor(readonly server: DoubleServer<TelegramDouble>) {
    this.secrets = { TELEGRAM_TOKEN: server.platform.botToken, TELEGRAM_SECRET: server.platform.secretToken ?? '' };
  }

  channel(allowed: readonly Person[]) {
    return { kind: 'telegram', name: 'Telegram', secrets: { bot_token: 'TELEGRAM_TOKEN', webhook_secret: 'TELEGRAM_SECRET' }, settings: { recipient: '-1001', allowed_users: allowed.map((person) => this.userId(person)), base_url: this.server.url, per_second: 100 } };
  }

  userId = (person: Person): string => numbers[person];
  actorId = this.userId;

  /** Where this chat calls back, whatever address the bot was given last. */
  callbackUrl = '';

  cards(): readonly ChatCard[] {
    return this.#posted().map(({ message_id, text, keyboard }) => ({ message_id: String(message_id), token: tokenIn(keyboard), text }));
  }

  answersTo = ({ message_id }: ChatCard): readonly string[] =>
    this.server.platform.messages().filter(({ reply_to }) => String(reply_to) === message_id).map(({ text }) => text);

  async press({ message_id, token = '' }: ChatCard, decision: string, { person, token: other = token }: { readonly person: Person; readonly token?: string }): Promise<string> {
    const message = must(this.#posted().find((posted) => String(posted.message_id) === message_id));
    this.server.platform.callbackUrl = this.callbackUrl;
    const shown = await this.server.platform.press(message, `tdm:${decision}:${other}`, { id: Number(this.userId(person)), first_name: person });
    return 'text' in shown ? shown.text : shown.kind === 'failed' ? shown.why : '';
  }

  async enrol(person: Person, code: string): Promise<string> {
    this.server.platform.callbackUrl = this.callbackUrl;
    await this.server.platform.write(`/enrol ${code}`, { user: { id: Number(this.userId(person)), first_name: person }, chatId: Number(this.userId(person)) });
    return this.server.platform.messages(Number(this.userId(person))).at(-1)?.text ?? '';
  }

  async repeat(changed: boolean): Promise<number> {
    const { body } = must(this.server.platform.updates.at(-1));
    const sent = changed ? withExtra(body) : body;
    return await postJson(this.callbackUrl, { body: sent, headers: this.signed() });
  }

  async duplicate({ message_id }: ChatCard): Promise<ChatCard> {
    const { text, keyboard } = must(this.#posted().find((posted) => String(posted.message_id) === message_id));
    const { result } = (await posted(`${this.server.url}/bot${this.server.platform.botToken}/sendMessage`, { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ chat_id: -1001, text, reply_markup: { inline_keyboard: keyboard } }) })) as { result: { message_id: number } };
    return must(this.cards().find((card) => card.message_id === String(result.message_id)));
  }

  callbacks({ user_id, token, number }: Acted): readonly [unknown, ...unknown[]] {
    const [date, update_id] = [Math.floor(Date.now() / 1000), 900_000 + number];
    const from = { id: Number(user_id), is_bot: false, first_name: 'x' };
    const chat = { id: -1001, type: 'supergroup' };
    return [
      { update_id, callback_query: { id: String(number), from, message: { message_id: 5, date, chat }, chat_instance: '1', data: `tdm:approve:${token}` } },
      { update_id, message: { message_id: 7, date, chat: { id: from.id, type: 'private' }, from, text: '/start AB12CD34' } },
      { update_id, message: { message_id: 6, date, chat, from, text: 'A reason', reply_to_message: { message_id: 5, date, chat, from: { id: 5001, is_bot: true, first_name: 'C' }, text: `tdm:rework:${token}` } } },
    ];
  }

  encode(callback: unknown): string {
    return JSON.stringify(callback) ?? '';
  }

  signed(): Readonly<Record<string, string>> {
    return { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': this.server.platform.secretToken ?? '' };
  }

  /** Answers below a card are short and hold no reference. */
  #posted(): readonly TelegramDoubleMessage[] {
    return this.server.platform.messages().filter(({ text }) => text.includes('Workspace'));
  }
}

const slackHeadersOf = ({ app }: SlackDouble, body: string | Buffer): Readonly<Record<string, string>> => slackHeaders(app.signingSecret, body, Date.now());

/** Starts all three. */
export const startChats = async (): Promise<readonly [Chat, Chat, Chat]> => [
  new SlackChat(await startSlackDouble({ people: people.map((name) => ({ id: slackIds[name], name })) })),
  new DiscordChat(await new DoubleServer(new DiscordDouble()).start()),
  new TelegramChat(await new DoubleServer(new TelegramDouble({ secretToken: 'the_secret_of_the_webhook' })).start()),
];

/** What the notifier finds in its environment. */
export const secretsOf = (chats: readonly Chat[]): Record<string, string> =>
  Object.fromEntries(chats.flatMap(({ secrets }) => Object.entries(secrets).map(([name, value]) => [`COUNTERSIGN_CHANNEL_SECRET_${name}`, value])));
