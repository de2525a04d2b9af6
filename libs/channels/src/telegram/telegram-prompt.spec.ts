import { TelegramDouble } from '@cs/testing/doubles';
import fc from 'fast-check';
import { anyText } from '../chat/any-text.fixture.js';
import { cardToken, openCard } from '../chat/cards.fixture.js';
import { expectGolden } from '../chat/golden.fixture.js';
import { promptReference, promptSpans, readPrompt } from './telegram-prompt.js';
import { toMarkdown, toPlain } from './telegram-text.js';

const botToken = '5001:a-token-of-no-bot';
const asked = { decision: 'rework' as const, token: cardToken, chatId: '-1001', userId: '2001' };
const promptOf = (title: string, name = 'Ada') => {
  const spans = promptSpans({ userId: asked.userId, name, title, reference: promptReference(botToken, asked) });
  return { markdown: toMarkdown(spans), plain: toPlain(spans) };
};

/** What Telegram shows of it; throws what Telegram says otherwise. */
const shown = (markdown: string): string => {
  const double = new TelegramDouble();
  const body = Buffer.from(JSON.stringify({ chat_id: -1001, text: markdown, parse_mode: 'MarkdownV2', reply_markup: { force_reply: true, selective: true } }));
  const answer = double.answer({ method: 'POST', path: `/bot${double.botToken}/sendMessage`, query: new URLSearchParams(), headers: {}, body }) as { body: string };
  const [message] = double.messages();
  if (message === undefined) throw new Error(answer.body);
  return message.text;
};

describe('Channels: the question for a reason in Telegram', () => {
  it('in the place of a modal: is as in its golden file', () => {
    expectGolden('telegram/reason-prompt.json', `${JSON.stringify(promptOf(`Send back: ${openCard.title}`), null, 2)}\n`);
  });

  it('is taken by Telegram for every title and name, and the answer to it leads back to the card', () => {
    fc.assert(fc.property(anyText, anyText, (title, name) => {
      const text = shown(promptOf(title, name).markdown);
      expect(readPrompt(botToken, text, asked)).toEqual({ kind: 'prompt', decision: 'rework', token: cardToken });
    }), { numRuns: 60 });
  });

  it('leads nowhere for somebody else, in another chat, or by another bot', () => {
    const text = shown(promptOf('Why?').markdown);
    for (const change of [{ userId: '2002' }, { chatId: '-1002' }]) expect(readPrompt(botToken, text, { ...asked, ...change })).toEqual({ kind: 'someone_else' });
    expect(readPrompt('5002:another', text, asked)).toEqual({ kind: 'someone_else' });
  });
});
