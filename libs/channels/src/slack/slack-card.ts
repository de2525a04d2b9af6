import type { Card, NoticeCard } from '@cs/notification';
import type { ContextBlock, KnownBlock, MrkdwnElement, PlainTextElement, SectionBlock } from '@slack/types';
import { buttonRows, openButton } from './slack-buttons.js';
import { cleanText } from '../chat/chat-text.js';
import { dataLine, dataText, fallbackText, ownDate, ownLink, ownText, slackLimits, webUrl } from './slack-text.js';

/** What Slack is given to show. `text` is for where blocks do not show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

const maxFields = 20;
const maxItems = 20;

interface Status {
  readonly sign: string;
  readonly label: string;
}

const statuses: Readonly<Record<Card['status'], Status>> = {
  pending: { sign: '⏳', label: 'Waiting for a decision' },
  approve: { sign: '✅', label: 'Approved' },
  rework: { sign: '↩️', label: 'Sent back for rework' },
  cancel: { sign: '⛔', label: 'Cancelled' },
  expired: { sign: '⌛', label: 'Expired' },
  timeout_resume: { sign: '▶️', label: 'Went on without a decision' },
  closed: { sign: '🔒', label: 'Closed' },
};

const tones: Readonly<Record<NoticeCard['tone'], string>> = { info: 'ℹ️', good: '✅', warning: '⚠️', bad: '❌' };

export const section = (text: PlainTextElement): SectionBlock => ({ type: 'section', text });
export const header = (title: string): KnownBlock => ({ type: 'header', text: dataLine(title, slackLimits.header) });
export const cutPointer = (pageUrl: string | undefined): string => (webUrl(pageUrl) === undefined ? '… (shortened)' : '… (shortened: the page shows all of it)');

const labelText = (label: string): PlainTextElement | MrkdwnElement => (/^[A-Za-z0-9 ]{1,60}$/.test(label) ? ownText(`*${label}*`) : dataLine(label, slackLimits.field));

/** Label left, value right, five pairs to a section. */
export const fieldSections = (fields: Card['fields']): readonly SectionBlock[] => {
  const rest = fields.length - maxFields;
  const shown = rest > 0 ? [...fields.slice(0, maxFields - 1), { label: 'More', value: `${rest + 1} more fields are on the page` }] : fields;
  const texts = shown.flatMap(({ label, value }) => [labelText(label), dataText(value, slackLimits.field)]);
  const sections: SectionBlock[] = [];
  for (let from = 0; from < texts.length; from += slackLimits.fields_per_section) sections.push({ type: 'section', fields: texts.slice(from, from + slackLimits.fields_per_section) });
  return sections;
};

const nodeOf = (card: Card): string => card.correlation.node_id || 'approval gate';

const statusLine = (card: Card): ContextBlock => {
  const { sign, label } = statuses[card.status];
  const when = card.settled_at_ms === undefined ? '' : `, ${ownDate(card.settled_at_ms)}`;
  return {
    type: 'context',
    elements: [ownText(`${sign} *${label}*${when}`), dataLine(`Run ${card.correlation.run_id}`, slackLimits.context), dataLine(`Node ${nodeOf(card)}`, slackLimits.context)],
  };
};

const asking = (card: Card, token: string): SlackMessage => ({
  text: fallbackText(`${card.title}: ${card.attention ?? 'waiting for a decision'}`),
  blocks: [
    header(card.title), statusLine(card),
    ...(card.attention === undefined ? [] : [section(dataText(`⏰ ${card.attention}`, slackLimits.section))]),
    ...(card.votes === undefined ? [] : [section(dataText(`🗳️ ${card.votes}`, slackLimits.section))]),
    section(dataText(card.body_markdown, slackLimits.section, cutPointer(card.page_url))),
    ...fieldSections(card.fields), { type: 'divider' }, ...buttonRows(card, token),
  ],
});

export const pageLink = (pageUrl: string | undefined): readonly KnownBlock[] => {
  const url = webUrl(pageUrl);
  return url === undefined ? [] : [{ type: 'context', elements: [ownText(ownLink(url, 'Open the page'))] }];
};

const settled = (card: Card): SlackMessage => {
  const summary = card.summary ?? `${statuses[card.status].label}.`;
  return { text: fallbackText(`${card.title}: ${summary}`), blocks: [header(card.title), statusLine(card), section(dataText(summary, slackLimits.section, cutPointer(card.page_url))), ...pageLink(card.page_url)] };
};

/** The card as a message: with buttons while it asks, without them and with what was decided afterwards. */
export const renderCard = (card: Card, token: string): SlackMessage => (card.status === 'pending' ? asking(card, token) : settled(card));

/** What is answered below the card when something happened to it. */
export const renderCardReply = (card: Card): SlackMessage => {
  const reason = (card.summary ?? '').split('\n').slice(1).join('\n');
  const text = card.status === 'pending' ? (card.attention ?? 'This still waits for a decision.') : `${statuses[card.status].label}: ${nodeOf(card)} of run ${card.correlation.run_id}.${reason === '' ? '' : `\n${reason}`}`;
  return { text: fallbackText(text), blocks: [section(dataText(text, slackLimits.section, cutPointer(card.page_url)))] };
};

const itemSection = ({ text, page_url }: NoticeCard['items'][number], index: number): SectionBlock => {
  const open = openButton(page_url, `:${index}`);
  return { ...section(dataText(text, slackLimits.field)), ...(open === undefined ? {} : { accessory: open }) };
};

const itemSections = (items: NoticeCard['items']): readonly SectionBlock[] => {
  const rest = items.length - maxItems;
  return [...items.slice(0, maxItems).map(itemSection), ...(rest > 0 ? [section(dataText(`${rest} more are on the page.`, slackLimits.section))] : [])];
};

/** A message that asks nothing: how a run went, or a list. */
export const renderNotice = (notice: NoticeCard): SlackMessage => ({
  text: fallbackText(cleanText(notice.body_markdown) === '' ? notice.title : `${notice.title}: ${notice.body_markdown}`),
  blocks: [
    header(`${tones[notice.tone]} ${notice.title}`), ...(cleanText(notice.body_markdown) === '' ? [] : [section(dataText(notice.body_markdown, slackLimits.section, cutPointer(notice.page_url)))]),
    ...fieldSections(notice.fields), ...itemSections(notice.items), ...pageLink(notice.page_url),
  ],
});
