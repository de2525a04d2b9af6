import fc from 'fast-check';
import { DiscordDouble } from '@cs/testing/doubles';
import { anyCard, anyNotice, anyQuestion, anyText } from '../chat/any-text.fixture.js';
import { readButton } from '../chat/button-data.js';
import { viewOf, type CardView } from '../chat/card-view.js';
import { cardToken, everyCard, everyNotice, everyQuestion, openCard, requestOf } from '../chat/cards.fixture.js';
import { longestCard } from '../chat/longest-card.fixture.js';
import { cleanText } from '../chat/chat-text.js';
import { expectGolden } from '../chat/golden.fixture.js';
import type { Card, NoticeCard, QuestionCard } from '@cs/notification';
import { discordLimits, renderDiscordCard, type DiscordMessage } from './discord-card.js';
import { escapeDiscord } from './discord-text.js';

type Buttons = { readonly style: number; readonly label: string; readonly custom_id?: string; readonly url?: string }[];
const buttonsOf = (components: unknown): Buttons => (components as { components: Buttons }[]).flatMap((row) => row.components);

const render = (card: Card | NoticeCard | QuestionCard, notice: Parameters<typeof requestOf>[1] = 'gate_opened'): DiscordMessage => {
  const view = viewOf(requestOf(card, notice));
  if (view === undefined) throw new Error('the card cannot be read');
  return renderDiscordCard(view satisfies CardView, { token: cardToken, deliveryId: `delivery-${cardToken}` });
};

/** What Discord says of a message. */
const answerTo = (message: unknown): { readonly status: number; readonly body: string } => {
  const double = new DiscordDouble();
  const headers = { authorization: `Bot ${double.botToken}`, 'user-agent': 'DiscordBot (https://x.example, 1)' };
  return double.answer({ method: 'POST', path: '/channels/1100/messages', query: new URLSearchParams(), headers, body: Buffer.from(JSON.stringify(message)) }) as { status: number; body: string };
};

describe('Channels: card rendering of Discord', () => {
  it.each(Object.entries(everyCard))('is as in its golden file: %s', (state, { notice, card }) => {
    expectGolden(`discord/${state}.json`, `${JSON.stringify(render(card, notice), null, 2)}\n`);
  });

  it.each(Object.entries(everyQuestion))('is as in its golden file, as a question that is answered on its page only: %s', (state, { notice, card }) => {
    const message = render(card, notice);
    expectGolden(`discord/${state}.json`, `${JSON.stringify(message, null, 2)}\n`);
    expect(buttonsOf(message.components)).toEqual([expect.objectContaining({ style: 5, url: card.page_url })]);
    expect(message.embeds[0]?.url).toBeUndefined();
  });

  it.each(Object.entries(everyNotice))('is as in its golden file, as a notice: %s', (name, notice) => {
    expectGolden(`discord/${name}.json`, `${JSON.stringify(render(notice, 'gate_opened'), null, 2)}\n`);
  });

  it('limits: any card, notice or question becomes a message that Discord takes', () => {
    fc.assert(fc.property(fc.oneof(anyCard, anyNotice, anyQuestion), (card) => {
      const message = render(card);
      const [embed] = message.embeds;
      const total = [embed?.title, embed?.description, embed?.author?.name, embed?.footer?.text, ...(embed?.fields ?? []).flatMap(({ name, value }) => [name, value])].reduce((sum, text) => sum + (text?.length ?? 0), 0);
      expect(total).toBeLessThanOrEqual(discordLimits.total);
      expect(embed?.fields?.length ?? 0).toBeLessThanOrEqual(discordLimits.fields);
      const answer = answerTo(message);
      expect({ status: answer.status, body: answer.status === 200 ? '' : answer.body }).toEqual({ status: 200, body: '' });
    }), { numRuns: 60 });
  });

  it('limits: every text too long at once', () => {
    const long = 'word '.repeat(2_000);
    const fields = Array.from({ length: 60 }, () => ({ label: long, value: long }));
    const message = render({ ...openCard, title: long, body_markdown: long, attention: long, summary: long, thread_key: long, fields });
    const answer = answerTo(message);
    expect(answer.status === 200 ? '' : answer.body).toBe('');
    expect(message.embeds[0]?.description?.length).toBeGreaterThan(2_500);
  });

  it('escaping: what is shown is what was said, letter by letter', () => {
    fc.assert(fc.property(anyText.map((text) => cleanText(text.slice(0, 2_000))), (text) => {
      const escaped = escapeDiscord(text);
      // A sign is put behind each @, also where one stands there already.
      const unnamed = (said: string): string => said.replace(/@\u200b+/g, '@');
      expect(unnamed(escaped).replace(/\\([^A-Za-z0-9\s])/g, '$1')).toBe(unnamed(text));
      const outsideAddresses = escaped.replace(/https?:\/\/[A-Za-z0-9\-._~:/?#@!$&'+,;=%]+/g, '').replace(/\\[\\*_~`|[\]<>#+.-]/g, '');
      expect(outsideAddresses).not.toMatch(/[\\*_~`|[\]<>]/);
      expect(escaped).not.toMatch(/^[ \t]*([#+-]|\d+\.)/m);
    }));
  });

  it('escaping: mentions nobody', () => {
    const card = { ...openCard, title: '@everyone <@123>', body_markdown: '@here <@&1> <#2>' };
    const message = render(card);
    expect(message.allowed_mentions).toEqual({ parse: [] });
    expect(JSON.stringify(message.embeds)).not.toMatch(/@everyone|@here|[^\\]<[@#]/);
  });

  it('button styles, and round trip of payload: a button carries its decision and its token, nothing else', () => {
    const buttons = buttonsOf(render(openCard).components);
    expect(buttons.map(({ label, style }) => [label, style])).toEqual([['Approve', 3], ['Send back', 2], ['Cancel', 4], ['Open', 5]]);
    expect(buttons.slice(0, 3).map(({ custom_id = '' }) => readButton(custom_id))).toEqual(['approve', 'rework', 'cancel'].map((decision) => ({ kind: 'button', decision, token: cardToken })));
    expect(buttons[3]?.url).toBe(openCard.page_url);
  });

  it('button chunking: no row has more than five', () => {
    const action = openCard.actions[0];
    const card = { ...openCard, actions: Array.from({ length: 12 }, () => action).flatMap((one) => one ?? []) };
    const { components } = render(card);
    expect((components as { components: unknown[] }[]).map((row) => row.components.length)).toEqual([5, 5, 3]);
  });

  it.each(Object.entries(everyCard).filter(([, { card }]) => card.status !== 'pending'))('edit clears buttons: no button decides once it is %s', (_, { notice, card }) => {
    const message = render({ ...card, actions: openCard.actions }, notice);
    expect(buttonsOf(message.components).every(({ custom_id }) => custom_id === undefined)).toBe(true);
  });

  it('long ids stay at most 64 bytes: a button of the longest run and node is as short as any', () => {
    const data = buttonsOf(render(longestCard).components).flatMap(({ custom_id = [] }) => custom_id);
    expect(data).toHaveLength(3);
    for (const one of data) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(64);
  });

  it('says where to look when the page has no address that Discord links to', () => {
    const card = { ...openCard, page_url: 'http://127.0.0.1:4400/inbox/o1' };
    const message = render(card);
    expect(message.embeds[0]?.url).toBeUndefined();
    expect(message.embeds[0]?.description).toContain('Look at it: http://127.0.0.1:4400/inbox/o1');
  });

  it('lists up to 25 fields, and says how many are left', () => {
    const fields = Array.from({ length: 60 }, (_, index) => ({ label: `Gate ${index}`, value: `run ${index}` }));
    const [embed] = render({ ...openCard, fields }).embeds;
    expect(embed?.fields).toHaveLength(25);
    expect(embed?.fields?.at(-1)?.value).toBe('36 more on the page');
  });
});
