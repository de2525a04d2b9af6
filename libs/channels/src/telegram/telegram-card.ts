import type { DeliveryRequest } from '@cs/contracts';
import type { Card } from '@cs/notification';
import type { InlineKeyboardButton } from '@grammyjs/types';
import { buttonData } from '../chat/button-data.js';
import { answerBelow, cardHeading, publicLink } from '../chat/card-heading.js';
import { cleanLine, fitText } from '../chat/chat-text.js';
import { telegramText, toMarkdown, toPlain, type Span } from './telegram-text.js';

/** UTF-16 units after markup is read, and bytes of what a button carries: https://core.telegram.org/bots/api */
export const telegramLimits = { text: 4096, callbackData: 64, buttonsPerRow: 3, answer: 200, placeholder: 64 } as const;

const maxTitle = 256;
const maxAttention = 512;
const maxSummary = 1500;
const maxFields = 25;
const allFields = 1000;
const maxButtonText = 64;

const signs: Readonly<Record<Card['status'], string>> = { pending: '⏳', approve: '✅', rework: '↩️', cancel: '❌', expired: '⌛', timeout_resume: '⏭', closed: '⏹' };
const prefixes = { approve: '✓', rework: '↩', cancel: '✗' } as const;
const styles = { primary: 'success', default: undefined, danger: 'danger' } as const;

/** A message in both forms: with markup, and plain for when the markup is refused. */
export interface TelegramMessage {
  readonly markdown: string;
  readonly plain: string;
  readonly keyboard: InlineKeyboardButton[][];
}

const lengthOf = (lines: readonly (readonly Span[])[]): number => lines.reduce((total, line) => total + toPlain(line).length + 2, 0);

const fieldLines = (fields: Card['fields']): Span[][] => {
  const shown = fields.slice(0, maxFields);
  const perField = Math.floor(allFields / Math.max(shown.length, 1));
  const more = fields.length - shown.length;
  const lines = shown.map(({ label, value }): Span[] => {
    const name = fitText(telegramText(cleanLine(label)), Math.floor(perField / 3));
    return [{ kind: 'plain', text: `${name}: ` }, { kind: 'code', text: fitText(cleanLine(value) || '–', perField - name.length - 2) }];
  });
  return [...lines, ...(more > 0 ? [[{ kind: 'plain' as const, text: `And ${more} more on the page` }]] : [])];
};

const pageLine = (pageUrl: string | undefined): Span[][] => {
  const page = publicLink(pageUrl);
  if (page !== undefined) return [[{ kind: 'link', text: 'Open the page', url: page }]];
  return pageUrl === undefined ? [] : [[{ kind: 'plain', text: `Look at it: ${fitText(cleanLine(pageUrl), 512)}` }]];
};

const between = (paragraphs: readonly (readonly Span[])[], separator: string): Span[] =>
  paragraphs.filter((spans) => spans.some(({ text }) => text !== '')).flatMap((spans, index) => (index === 0 ? [...spans] : [{ kind: 'plain' as const, text: separator }, ...spans]));

const plainPart = (text: string | undefined, max: number): Span[] => (text === undefined ? [] : [{ kind: 'plain', text: fitText(telegramText(text), max) }]);

/** The body takes what the other parts leave. `note` stands at the end. */
const spansOf = (request: DeliveryRequest, card: Card, note: string | undefined): Span[] => {
  const heading = cardHeading(request, card);
  const before: Span[][] = [
    heading === undefined ? [] : [{ kind: 'bold', text: `${signs[card.status]} ${heading}` }],
    [{ kind: 'bold', text: fitText(telegramText(cleanLine(card.title)) || '–', maxTitle) }],
    plainPart(card.attention, maxAttention), plainPart(card.summary, maxSummary),
  ];
  const after: Span[][] = [between(fieldLines(card.fields), '\n'), ...(card.status === 'pending' ? pageLine(card.page_url) : []), note === undefined ? [] : [{ kind: 'plain', text: note }]];
  const room = telegramLimits.text - lengthOf([...before, ...after]) - 2;
  const body = fitText(telegramText(card.body_markdown), Math.max(0, room), { tail: card.page_url === undefined ? '…' : '… (the page shows the rest)' });
  return between([...before, [{ kind: 'plain', text: body }], ...after], '\n\n');
};

const keyboardOf = (card: Card, token: string): InlineKeyboardButton[][] => {
  const buttons = card.actions.map(({ decision, label, style }): InlineKeyboardButton => {
    const colour = styles[style];
    return { text: fitText(`${prefixes[decision]} ${cleanLine(label) || decision}`, maxButtonText), callback_data: buttonData(decision, token), ...(colour === undefined ? {} : { style: colour }) };
  });
  const rows = [];
  for (let from = 0; from < buttons.length; from += telegramLimits.buttonsPerRow) rows.push(buttons.slice(from, from + telegramLimits.buttonsPerRow));
  return rows;
};

/** The card as a message; every limit holds for every text. `note` is added at its end. Only a card that asks has buttons. */
export const renderTelegramCard = (request: DeliveryRequest, card: Card, { token, note }: { readonly token: string; readonly note?: string | undefined }): TelegramMessage => {
  const spans = spansOf(request, card, note);
  return { markdown: toMarkdown(spans), plain: toPlain(spans), keyboard: card.status === 'pending' ? keyboardOf(card, token) : [] };
};

/** What is answered below a card that changed. */
export const renderTelegramAnswer = (card: Card): Omit<TelegramMessage, 'keyboard'> => {
  const { lead, node, run, detail } = answerBelow(card);
  const where: Span[] = node === undefined || run === undefined ? [] : [{ kind: 'plain', text: ' ' }, { kind: 'code', text: node }, { kind: 'plain', text: ' for run ' }, { kind: 'code', text: run }, { kind: 'plain', text: '.' }];
  const spans: Span[] = [...plainPart(lead, maxAttention), ...where, ...(detail === undefined ? [] : [{ kind: 'plain' as const, text: `\n${fitText(telegramText(detail), maxSummary)}` }])];
  return { markdown: toMarkdown(spans), plain: toPlain(spans) };
};
