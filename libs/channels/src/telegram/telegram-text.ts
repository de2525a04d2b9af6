import { cleanText } from '../chat/chat-text.js';

/** A part of a message. Its length is that of `text`: markup does not count. */
export interface Span {
  readonly kind: 'plain' | 'bold' | 'code' | 'link';
  readonly text: string;
  /** Of a link. */
  readonly url?: string;
}

/** https://core.telegram.org/bots/api#markdownv2-style: everything that could be markup, outside of code. */
const markup = /[\\_*[\]()~`>#+\-=|{}.!]/g;
const escapeMarkdown = (text: string): string => text.replace(markup, String.raw`\$&`);
const escapeCode = (text: string): string => text.replace(/[\\`]/g, String.raw`\$&`);
const escapeUrl = (url: string): string => url.replace(/[\\)]/g, String.raw`\$&`);

const marked = ({ kind, text, url = '' }: Span): string => {
  switch (kind) {
    case 'plain': return escapeMarkdown(text);
    case 'bold': return `*${escapeMarkdown(text)}*`;
    case 'code': return `\`${escapeCode(text)}\``;
    case 'link': return `[${escapeMarkdown(text)}](${escapeUrl(url)})`;
  }
};

/** Joins nothing visible, and keeps "@name" and "/command" in data from becoming a mention or something to tap. */
const joiner = '\u2060';

/** Data as it may stand in a message: clean, and without accidental mentions or commands. */
export const telegramText = (text: string): string => cleanText(text).replace(/@(?=\w)/g, `@${joiner}`).replace(/(^|[\s([{"'])\/(?=\w)/g, `$1/${joiner}`);

/** The message as MarkdownV2, which Telegram refuses whole when a single character is wrong. */
export const toMarkdown = (spans: readonly Span[]): string => spans.filter(({ text }) => text !== '').map(marked).join('');

/** The same in words alone. A link says where it leads. */
export const toPlain = (spans: readonly Span[]): string => spans.map(({ kind, text, url }) => (kind === 'link' && url !== undefined && url !== text && url.startsWith('http') ? `${text}: ${url}` : text)).join('');
