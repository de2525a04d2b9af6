import type { InlineKeyboardButton } from '@grammyjs/types';
import { buttonData } from '../chat/button-data.js';
import { answerBelow, publicLink, utcMinute, type CardView } from '../chat/card-view.js';
import { cleanLine, fitText, shareRoom } from '../chat/chat-text.js';
import { telegramText, toMarkdown, toPlain, type Span } from './telegram-text.js';

/** UTF-16 units after markup is read, and bytes of what a button carries: https://core.telegram.org/bots/api */
export const telegramLimits = { text: 4096, callbackData: 64, buttonsPerRow: 3, answer: 200, placeholder: 64 } as const;

const maxTitle = 256;
const maxAttention = 512;
const maxSummary = 1500;
const maxFields = 25;
/** Of a message whose other parts leave so much; what they always leave is half of it. */
const allFields = 1_900;
const maxLabel = 60;
/** What fields leave to the body, if they can. */
const bodyRoom = 600;
const maxButtonText = 64;
const maxItem = 160;
const maxItems = 60;

const signs: Readonly<Record<CardView['tone'], string>> = { pending: '⏳', approve: '✅', rework: '↩️', cancel: '❌', expired: '⌛', timeout_resume: '⏭', closed: '⏹', info: 'ℹ️', warning: '⚠️', bad: '🔴', good: '🟢' };
const prefixes = { approve: '✓', rework: '↩', cancel: '✗' } as const;
const styles = { primary: 'success', default: undefined, danger: 'danger' } as const;

/** A message in both forms: with markup, and plain for when the markup is refused. */
export interface TelegramMessage {
  readonly markdown: string;
  readonly plain: string;
  readonly keyboard: InlineKeyboardButton[][];
}

const lengthOf = (lines: readonly (readonly Span[])[]): number => lines.reduce((total, line) => total + toPlain(line).length + 2, 0);

const fieldLines = (fields: CardView['fields'], room: number): Span[][] => {
  const most = Math.min(maxLabel, Math.floor(room / (2 * Math.min(fields.length, maxFields))));
  const shown = fields.slice(0, maxFields).map(({ label, value }) => ({ name: fitText(telegramText(cleanLine(label)), most), text: cleanLine(value) || '–' }));
  const more = fields.length - shown.length;
  // A line end and ": " beside each, and the last line.
  const taken = shown.reduce((total, { name }) => total + name.length + 3, more > 0 ? 32 : 0);
  const rooms = shareRoom(shown.map(({ text }) => text.length), room - taken);
  const lines = shown.map(({ name, text }, index): Span[] => [{ kind: 'plain', text: `${name}: ` }, { kind: 'code', text: fitText(text, rooms[index] ?? 0) }]);
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

const itemLine = ({ text, page_url }: CardView['items'][number]): Span[] => {
  const shown = fitText(telegramText(cleanLine(text)) || '–', maxItem);
  const page = publicLink(page_url);
  return [{ kind: 'plain', text: '• ' }, page === undefined ? { kind: 'plain', text: shown } : { kind: 'link', text: shown, url: page }];
};

/** As many items as there is room for, and how many are left. Telegram reads 100 links at most. */
const itemsWithin = (items: CardView['items'], max: number): Span[] => {
  const lines: Span[][] = [];
  for (const item of items.slice(0, maxItems)) {
    const line = itemLine(item);
    if (lengthOf([...lines, line]) > max - 40) break;
    lines.push(line);
  }
  const more = items.length - lines.length;
  return between(more > 0 ? [...lines, [{ kind: 'plain', text: `And ${more} more on the page` }]] : lines, '\n');
};

const headingOf = ({ tone, heading }: CardView): Span[] => (heading === undefined ? [] : [{ kind: 'bold', text: `${signs[tone]} ${heading}` }]);
const settledLine = ({ settled_at_ms }: CardView): Span[] => (settled_at_ms === undefined ? [] : [{ kind: 'plain', text: utcMinute(settled_at_ms) }]);
const titleOf = ({ tone, heading, title }: CardView): Span[] => [{ kind: 'bold', text: `${heading === undefined ? `${signs[tone]} ` : ''}${fitText(telegramText(cleanLine(title)) || '–', maxTitle)}` }];

/** The body takes what the other parts leave, and the items what the body leaves. `note` stands at the end. */
const spansOf = (view: CardView, note: string | undefined): Span[] => {
  const before: Span[][] = [headingOf(view), titleOf(view), plainPart(view.attention, maxAttention), plainPart(view.votes, maxAttention), between([plainPart(view.summary, maxSummary), settledLine(view)], '\n')];
  const isOpen = view.asksFor !== undefined || view.heading === undefined;
  const page: Span[][] = [...(isOpen ? pageLine(view.page_url) : []), note === undefined ? [] : [{ kind: 'plain', text: note }]];
  const left = telegramLimits.text - lengthOf([...before, ...page]) - 4;
  const fieldRoom = Math.min(allFields, Math.max(left - bodyRoom, allFields / 2), left);
  const after: Span[][] = [between(fieldLines(view.fields, fieldRoom), '\n'), ...page];
  const room = Math.max(0, telegramLimits.text - lengthOf([...before, ...after]) - 2);
  const body = fitText(telegramText(view.body), view.items.length === 0 ? room : Math.floor(room / 3), { tail: view.page_url === undefined ? '…' : '… (the page shows the rest)' });
  const items = view.items.length === 0 ? [] : itemsWithin(view.items, room - body.length - 2);
  return between([...before, [{ kind: 'plain', text: body }], items, ...after], '\n\n');
};

const keyboardOf = ({ actions }: CardView, token: string): InlineKeyboardButton[][] => {
  const buttons = actions.map(({ decision, label, style }): InlineKeyboardButton => {
    const colour = styles[style];
    return { text: fitText(`${prefixes[decision]} ${cleanLine(label) || decision}`, maxButtonText), callback_data: buttonData(decision, token), ...(colour === undefined ? {} : { style: colour }) };
  });
  const rows = [];
  for (let from = 0; from < buttons.length; from += telegramLimits.buttonsPerRow) rows.push(buttons.slice(from, from + telegramLimits.buttonsPerRow));
  return rows;
};

/** A card or a notice as a message; every limit holds for every text. `note` is added at its end. */
export const renderTelegramCard = (view: CardView, { token, note }: { readonly token: string; readonly note?: string | undefined }): TelegramMessage => {
  const spans = spansOf(view, note);
  return { markdown: toMarkdown(spans), plain: toPlain(spans), keyboard: keyboardOf(view, token) };
};

/** What is answered below a card that changed. */
export const renderTelegramAnswer = (view: CardView): Omit<TelegramMessage, 'keyboard'> => {
  const { lead, node, run, detail } = answerBelow(view);
  const where: Span[] = node === undefined || run === undefined ? [] : [{ kind: 'plain', text: ' ' }, { kind: 'code', text: node }, { kind: 'plain', text: ' for run ' }, { kind: 'code', text: run }, { kind: 'plain', text: '.' }];
  const spans: Span[] = [...plainPart(lead, maxAttention), ...where, ...(detail === undefined ? [] : [{ kind: 'plain' as const, text: `\n${fitText(telegramText(detail), maxSummary)}` }])];
  return { markdown: toMarkdown(spans), plain: toPlain(spans) };
};
