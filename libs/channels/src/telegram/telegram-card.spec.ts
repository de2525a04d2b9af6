import fc from 'fast-check';
import type { Card, NoticeCard, QuestionCard } from '@cs/notification';
import { TelegramDouble, type TelegramDoubleMessage } from '@cs/testing/doubles';
import { anyCard, anyNotice, anyQuestion, anyText } from '../chat/any-text.fixture.js';
import { readButton } from '../chat/button-data.js';
import { viewOf } from '../chat/card-view.js';
import { cardToken, everyCard, everyNotice, everyQuestion, openCard, requestOf } from '../chat/cards.fixture.js';
import { longestCard } from '../chat/longest-card.fixture.js';
import { cleanText } from '../chat/chat-text.js';
import { expectGolden } from '../chat/golden.fixture.js';
import { renderTelegramAnswer, renderTelegramCard, telegramLimits, type TelegramMessage } from './telegram-card.js';
import { toMarkdown, toPlain, type Span } from './telegram-text.js';

const viewOrThrow = (card: Card | NoticeCard | QuestionCard, notice: Parameters<typeof requestOf>[1]) => {
  const view = viewOf(requestOf(card, notice));
  if (view === undefined) throw new Error('the card cannot be read');
  return view;
};
const render = (card: Card | NoticeCard | QuestionCard, notice: Parameters<typeof requestOf>[1] = 'gate_opened', note?: string): TelegramMessage => renderTelegramCard(viewOrThrow(card, notice), { token: cardToken, note });

/** Posts it as Telegram would take it; throws what Telegram says otherwise. */
const posted = ({ markdown, keyboard }: Pick<TelegramMessage, 'markdown' | 'keyboard'>): TelegramDoubleMessage => {
  const double = new TelegramDouble();
  const body = Buffer.from(JSON.stringify({ chat_id: -1001, text: markdown, parse_mode: 'MarkdownV2', reply_markup: { inline_keyboard: keyboard } }));
  const answer = double.answer({ method: 'POST', path: `/bot${double.botToken}/sendMessage`, query: new URLSearchParams(), headers: {}, body }) as { status: number; body: string };
  const [message] = double.messages();
  if (message === undefined) throw new Error(answer.body);
  return message;
};

describe('Channels: card rendering of Telegram', () => {
  it.each(Object.entries(everyCard))('is as in its golden file: %s', (state, { notice, card }) => {
    expectGolden(`telegram/${state}.json`, `${JSON.stringify(render(card, notice), null, 2)}\n`);
  });

  it.each(Object.entries(everyQuestion))('is as in its golden file, as a question that is answered on its page only: %s', (state, { notice, card }) => {
    const message = render(card, notice);
    expectGolden(`telegram/${state}.json`, `${JSON.stringify(message, null, 2)}\n`);
    expect([message.keyboard, message.markdown.split('](https://').length - 1]).toEqual([[], card.status === 'pending' ? 1 : 0]);
  });

  it.each(Object.entries(everyNotice))('is as in its golden file, as a notice: %s', (name, notice) => {
    expectGolden(`telegram/${name}.json`, `${JSON.stringify(render(notice), null, 2)}\n`);
  });

  it('limits: any card, notice or question becomes a message that Telegram takes with its markup', () => {
    fc.assert(fc.property(fc.oneof(anyCard, anyNotice, anyQuestion), fc.option(fc.constant('A note at the end.'), { nil: undefined }), (card, note) => {
      const message = render(card, 'gate_opened', note);
      expect(message.plain.length).toBeLessThanOrEqual(telegramLimits.text);
      const { text } = posted(message);
      expect(text.length).toBeLessThanOrEqual(telegramLimits.text);
      if (note !== undefined) expect(text.endsWith(note)).toBe(true);
    }), { numRuns: 60 });
  });

  it('escaping: what is shown is what was said, letter by letter', () => {
    const kinds = fc.constantFrom<Span['kind'][]>('plain', 'bold', 'code');
    fc.assert(fc.property(fc.array(fc.record({ kind: kinds, text: anyText.map((text) => cleanText(text.slice(0, 200))) }), { minLength: 1, maxLength: 5 }), (parts) => {
      const spans = parts.flatMap((span): Span[] => [span, { kind: 'plain', text: '|' }]);
      expect(posted({ markdown: toMarkdown(spans), keyboard: [] }).text).toBe(toPlain(spans));
    }));
  });

  it('escaping: mentions nobody, and makes no command of data', () => {
    const card = { ...openCard, title: '@grace_h /cancel', body_markdown: 'Ask @ada_l or send /approve now (/stop)', summary: '@all' };
    expect(posted(render(card)).entities.map(({ type }) => type).filter((type) => type === 'mention' || type === 'bot_command' || type === 'text_mention')).toEqual([]);
  });

  it('button styles, button chunking, and round trip of payload: signs and colours, three a row, decision and token in each', () => {
    const { keyboard } = render(openCard);
    expect(keyboard.map((row) => row.map(({ text }) => text))).toEqual([['✓ Approve', '↩ Send back', '✗ Cancel']]);
    const data = keyboard.flat().map((button) => ('callback_data' in button ? button.callback_data : ''));
    expect(data.map(readButton)).toEqual(['approve', 'rework', 'cancel'].map((decision) => ({ kind: 'button', decision, token: cardToken })));
    expect(Math.max(...data.map((one) => Buffer.byteLength(one)))).toBeLessThanOrEqual(telegramLimits.callbackData);
    const many = render({ ...openCard, actions: Array.from({ length: 3 }, () => openCard.actions).flat().slice(0, 7) });
    expect(many.keyboard.map((row) => row.length)).toEqual([3, 3, 1]);
  });

  it.each(Object.entries(everyCard).filter(([, { card }]) => card.status !== 'pending'))('edit clears buttons: there are none once it is %s', (_, { notice, card }) => {
    expect(render({ ...card, actions: openCard.actions }, notice).keyboard).toEqual([]);
  });

  it('long ids stay at most 64 bytes: a button of the longest run and node is as short as any, and Telegram takes it', () => {
    const message = render(longestCard);
    const data = message.keyboard.flat().map((button) => ('callback_data' in button ? button.callback_data : ''));
    expect(data).toHaveLength(3);
    for (const one of data) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(telegramLimits.callbackData);
    expect(posted(message).keyboard.flat()).toHaveLength(3);
  });

  it('says what became of a card below it', () => {
    expect(renderTelegramAnswer(viewOrThrow(everyCard['rework']?.card ?? openCard, 'gate_decided')).plain).toBe('Sent back for rework approve_refund for run automation-v2-run-7f3a.\nReason: The customer asked for a voucher (not money).');
  });
});
