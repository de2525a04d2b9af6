import type { Email } from 'postal-mime';
import { escapeHtml } from '../page-shell.js';

export const emailStyle = `
body{background:#f4f5f7}.mail{background:#fff;border:1px solid #dcdfe4;border-radius:8px;margin:12px 0;padding:10px 14px}.mail .head{font-size:13px;color:#5f6673;border-bottom:1px solid #dcdfe4;padding:0 0 8px;margin:0 0 8px}
.mail .subject{font-size:16px;font-weight:600;color:#1d1c1d}.mail.answer{margin-left:32px}.mail pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}.mail summary{color:#5f6673;font-size:13px;cursor:pointer}`;

/** As much of a mail as is shown. */
export type ShownEmail = Pick<Email, 'subject' | 'html' | 'text' | 'from' | 'to' | 'inReplyTo'>;

const address = (mailbox: { readonly name?: string; readonly address?: string | undefined } | undefined): string => `${mailbox?.name ?? ''} <${mailbox?.address ?? ''}>`.trim();

/** What stands in the body of the mail, with its own styles and nothing that runs: a mail program shows no more. */
const bodyOf = (html: string): string => {
  const [, style = '', content = html] = /<body[^>]*style="([^"]*)"[^>]*>([^]*)<\/body>/.exec(html) ?? [];
  return `<div style="${style}">${content.replace(/<(script|iframe|object|embed|form|link|meta|base|img|style)\b/gi, '&lt;$1')}</div>`;
};

const mailHtml = ({ subject = '', html = '', text = '', from, to = [], inReplyTo }: ShownEmail): string => `<div class="mail${inReplyTo === undefined ? '' : ' answer'}">
<div class="head"><div class="subject">${escapeHtml(subject)}</div>${escapeHtml(`${address(from)} to ${to.map(address).join(', ')}`)}</div>
${bodyOf(html)}<details><summary>As plain text</summary><pre>${escapeHtml(text)}</pre></details></div>`;

/** The mails as a mail program shows them. */
export const emailPage = (mails: readonly ShownEmail[]): string => (mails.length === 0 ? '<p>No mails yet.</p>' : mails.map(mailHtml).join(''));
