import type { MrkdwnElement, PlainTextElement } from '@slack/types';
import { cleanLine, cleanText, fitText } from '../chat/chat-text.js';

/** What Block Kit takes, in characters (https://docs.slack.dev/reference/block-kit). */
export const slackLimits = {
  header: 150, section: 3_000, field: 1_900, context: 300, button: 75, url: 3_000, modal_title: 24, confirm_title: 100, confirm_text: 300, confirm_button: 30,
  text: 3_000, blocks: 50, buttons_per_row: 5, fields_per_section: 10, reason: 3_000,
} as const;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** As Slack wants text that it reads for markup: without tags, so without mentions and links. */
export const escapeSlack = (text: string): string => text.replace(/[&<>]/g, (character) => entities[character] ?? '');
/** Texts are measured escaped, whether or not Slack counts them so. */
const unescapeSlack = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/**
 * Text of data goes into `plain_text` objects only: there Slack knows no formatting, mention, link or emoji code. It is
 * never empty, because Slack refuses that.
 */
export const dataText = (text: string, max: number, tail = '…'): PlainTextElement => {
  const shown = cleanText(text);
  return { type: 'plain_text', text: shown === '' ? '—' : unescapeSlack(fitText(shown, max, { escape: escapeSlack, tail })), emoji: false };
};

/** The same on one line. */
export const dataLine = (text: string, max: number): PlainTextElement => dataText(cleanLine(text), max);

/** Formatted text of ours, in which data has no part. `verbatim`: Slack looks for no links in it. */
export const ownText = (text: string): MrkdwnElement => ({ type: 'mrkdwn', text, verbatim: true });

/** The text beside the blocks: notifications, search, screen readers. */
export const fallbackText = (text: string): string => fitText(cleanText(text) || '—', slackLimits.text, { escape: escapeSlack });

/** A web address that a button takes; others are left out. */
export const webUrl = (text: string | undefined): string | undefined => {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, href } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && href.length <= slackLimits.url ? href : undefined;
};

/** A link of ours in formatted text. */
export const ownLink = (href: string, label: string): string => `<${escapeSlack(href.replaceAll('|', '%7C').replaceAll('>', '%3E').replaceAll('<', '%3C'))}|${label}>`;

/** A time that each reader sees in their own zone. */
export const ownDate = (ms: number): string => `<!date^${Math.floor(ms / 1000)}^{date_short_pretty} {time}|${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC>`;
