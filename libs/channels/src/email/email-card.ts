import { utcMinute, type CardView } from '../chat/card-view.js';
import { cleanLine, cleanText, fitText } from '../chat/chat-text.js';
import { emailDocument, escapeHtml, linesHtml, styled } from './email-html.js';

/** UTF-16 units before escaping. A mail has no such limits; people and their mail programs do. */
export const emailLimits = { subject: 200, attention: 1_000, summary: 4_000, body: 20_000, fields: 40, label: 100, value: 1_000, items: 60, item: 300, link: 2_000 } as const;

/** A mail without its envelope. */
export interface EmailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** What is written, cleaned and cut: both forms of a mail say the same. */
interface Written {
  readonly sign: string;
  readonly colour: string;
  readonly heading: string;
  readonly title: string;
  readonly attention: string;
  readonly votes: string;
  readonly summary: string;
  readonly body: string;
  readonly fields: CardView['fields'];
  readonly items: readonly { readonly text: string; readonly link?: string | undefined }[];
  readonly more: string;
  readonly link?: string | undefined;
  readonly call: string;
}

const signs: Readonly<Record<CardView['tone'], string>> = { pending: '⏳', approve: '✅', rework: '↩️', cancel: '❌', expired: '⌛', timeout_resume: '⏭', closed: '⏹', info: 'ℹ️', warning: '⚠️', bad: '🔴', good: '🟢' };
const [amber, green, blue, red, grey] = ['#b45309', '#047857', '#4338ca', '#b91c1c', '#4b5563'] as const;
const colours: Readonly<Record<CardView['tone'], string>> = { pending: amber, approve: green, rework: blue, cancel: red, expired: grey, timeout_resume: grey, closed: grey, info: blue, warning: amber, bad: red, good: green };

/** A page that a mail may lead to: http or https, and nobody's name before its host. */
export const mailLink = (pageUrl: string | undefined): string | undefined => {
  if (pageUrl === undefined || pageUrl.length > emailLimits.link || !URL.canParse(pageUrl)) return undefined;
  const { href, protocol, username, password } = new URL(pageUrl);
  return /^https?:$/.test(protocol) && username + password === '' && href.length <= emailLimits.link ? href : undefined;
};

const line = (text: string, max: number): string => fitText(cleanLine(text), max);
const block = (text: string | undefined, max: number): string => fitText(cleanText(text ?? ''), max);

const decided: ReadonlySet<CardView['tone']> = new Set(['approve', 'rework', 'cancel']);

const callOf = ({ actions, asksFor, tone }: CardView): string => {
  if (asksFor === 'answer') return 'Look at it and answer';
  if (actions.length > 0) return 'Look at it and decide';
  return decided.has(tone) ? 'See what was decided' : 'Open the page';
};

const summaryOf = ({ summary, settled_at_ms }: CardView): string =>
  [block(summary, emailLimits.summary), settled_at_ms === undefined ? '' : utcMinute(settled_at_ms)].filter((part) => part !== '').join('\n');

const writtenOf = (view: CardView): Written => {
  const hidden = Math.max(0, view.items.length - emailLimits.items);
  return {
    sign: signs[view.tone], colour: colours[view.tone], heading: line(view.heading ?? '', emailLimits.subject), title: line(view.title, emailLimits.subject) || '–',
    attention: block(view.attention, emailLimits.attention), votes: block(view.votes, emailLimits.attention), summary: summaryOf(view), body: block(view.body, emailLimits.body),
    fields: view.fields.slice(0, emailLimits.fields).map(({ label, value }) => ({ label: line(label, emailLimits.label), value: line(value, emailLimits.value) || '–' })),
    items: view.items.slice(0, emailLimits.items).map(({ text, page_url }) => ({ text: line(text, emailLimits.item) || '–', link: mailLink(page_url) })),
    more: hidden === 0 ? '' : `And ${hidden} more on the page`, link: mailLink(view.page_url), call: callOf(view),
  };
};

/** What a mail cannot do, said in it: it neither changes nor decides. */
const footerOf = ({ tone, asksFor }: CardView): string => {
  if (asksFor === 'answer') return 'This mail answers nothing: nor does opening it, following its link or writing back. What becomes of the question comes as an answer below.';
  return tone === 'pending' ? 'This mail decides nothing: opening it, its link or an answer to it is no decision. What becomes of it comes as an answer below.' : 'Sent by Countersign. Answers to this mail are not read.';
};

const textOf = (written: Written, footer: string): string => {
  const { sign, heading, title, attention, votes, summary, body, fields, items, more, link, call } = written;
  const head = heading === '' ? `${sign} ${title}` : `${sign} ${heading}\n\n${title}`;
  const listed = items.map((item) => `- ${item.text}${item.link === undefined ? '' : `\n  ${item.link}`}`).join('\n');
  const parts = [head, attention, votes, summary, body, listed, more, fields.map(({ label, value }) => `${label}: ${value}`).join('\n'), link === undefined ? '' : `${call}:\n${link}`, `-- \n${footer}`];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
};

const paragraph = (text: string, style = ''): string => (text === '' ? '' : styled('p', `margin:0 0 14px;${style}`, linesHtml(text)));

const anchor = (link: string, style: string, text: string): string => `<a href="${escapeHtml(link)}" style="${style}">${escapeHtml(text)}</a>`;

const fieldsHtml = (fields: Written['fields']): string => {
  const rows = fields.map(({ label, value }) => `<tr>${styled('td', 'padding:2px 14px 2px 0;color:#5f6673;vertical-align:top;white-space:nowrap', escapeHtml(label))}${styled('td', 'padding:2px 0;font-family:Menlo,Consolas,monospace;font-size:13px', escapeHtml(value))}</tr>`);
  return rows.length === 0 ? '' : `<table role="presentation" style="border-collapse:collapse;margin:0 0 16px">\n${rows.join('\n')}\n</table>`;
};

const itemsHtml = (items: Written['items']): string =>
  (items.length === 0 ? '' : styled('ul', 'margin:0 0 14px;padding:0 0 0 20px', `\n${items.map(({ text, link }) => `<li>${link === undefined ? escapeHtml(text) : anchor(link, 'color:#1a56db', text)}</li>`).join('\n')}\n`));

const htmlOf = (written: Written, footer: string): string => {
  const { sign, colour, heading, title, attention, votes, summary, body, fields, items, more, link, call } = written;
  return emailDocument(title, [
    heading === '' ? '' : styled('p', `margin:0 0 6px;color:${colour};font-weight:bold`, escapeHtml(`${sign} ${heading}`)),
    styled('h1', 'margin:0 0 14px;font-size:20px;line-height:1.3', escapeHtml(heading === '' ? `${sign} ${title}` : title)),
    paragraph(attention, `padding:8px 12px;border-left:4px solid ${colour};background:#fff7e6`), paragraph(votes, 'font-weight:bold'), paragraph(summary, `padding:8px 12px;border-left:4px solid ${colour};background:#f4f5f7`),
    paragraph(body), itemsHtml(items), paragraph(more, 'color:#5f6673'), fieldsHtml(fields),
    link === undefined ? '' : styled('p', 'margin:0 0 18px', anchor(link, 'display:inline-block;padding:10px 18px;background:#1a56db;color:#ffffff;border-radius:6px;text-decoration:none;font-weight:bold', call)),
    styled('p', 'margin:0;padding:12px 0 0;border-top:1px solid #dcdfe4;color:#5f6673;font-size:13px', escapeHtml(footer)),
  ]);
};

/** A card or a notice as a mail, in words and as HTML. Everything that leads anywhere is the page; nothing in it decides. */
export const renderEmail = (view: CardView): EmailContent => {
  const written = writtenOf(view);
  const footer = footerOf(view);
  return { subject: written.title, text: textOf(written, footer), html: htmlOf(written, footer) };
};
