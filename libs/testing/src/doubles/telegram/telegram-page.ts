import { escapeHtml, hiddenField } from '../page-shell.js';
import type { TelegramButton, TelegramDoubleMessage } from './telegram-double.js';
import type { TelegramEntity } from './telegram-markdown.js';

export const telegramStyle = `
body{background:#8fb39a}.message{max-width:520px;margin:8px 0}.message.person{margin-left:auto;max-width:380px}
.bubble{background:#fff;border-radius:12px;padding:8px 12px;overflow-wrap:anywhere;white-space:pre-wrap}.person .bubble{background:#effdde}
.who{color:#3a6d99;font-weight:600;font-size:14px}.chat{color:#8a9aa5;font-weight:400;font-size:12px;margin-left:6px}
.reference{border-left:3px solid #54a9eb;background:#eaf4fc;border-radius:4px;padding:2px 8px;margin:2px 0 4px;font-size:13px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
code{color:#c0392b;font-size:13px}.bubble a{color:#168acd}.keyboard{display:grid;gap:4px;margin-top:4px}.row{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:4px}
.row button,.row a{width:100%;border:0;border-radius:8px;padding:8px;background:#4f7f62cc;color:#fff;font-size:14px;text-align:center;text-decoration:none}.row form{display:block}
.row .success{background:#31a24ccc}.row .danger{background:#d6453dcc}.time{color:#a0acb6;font-size:11px;float:right;margin:6px 0 0 8px}
.answer{display:grid;grid-template-columns:1fr auto;gap:6px;margin-top:4px}.answer input[type=text]{border:0;border-radius:8px;padding:8px;font:inherit}.answer button{border:0;border-radius:8px;background:#54a9eb;color:#fff;padding:8px 14px}`;

const tags: Readonly<Partial<Record<TelegramEntity['type'], string>>> = { bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', text_link: 'a', text_mention: 'a', mention: 'a', bot_command: 'a' };

/** A text with its entities, which do not overlap in cards. */
const textHtml = (text: string, entities: readonly TelegramEntity[]): string => {
  let html = '';
  let from = 0;
  for (const { type, offset, length } of entities) {
    if (offset < from) continue;
    const tag = tags[type] ?? 'span';
    html += `${escapeHtml(text.slice(from, offset))}<${tag}>${escapeHtml(text.slice(offset, offset + length))}</${tag}>`;
    from = offset + length;
  }
  return html + escapeHtml(text.slice(from));
};

const button = (messageId: number) => ({ text, callback_data, url, style = '' }: TelegramButton): string =>
  callback_data === undefined ? `<a href="${escapeHtml(url ?? '')}">${escapeHtml(text)} ↗</a>` : `<form method="post" action="/act">${hiddenField('message', String(messageId))}${hiddenField('press', callback_data)}<button class="${escapeHtml(style)}">${escapeHtml(text)}</button></form>`;

const answerForm = (messageId: number): string => `<form method="post" action="/act" class="answer">${hiddenField('message', String(messageId))}<input type="text" name="text" required autofocus placeholder="Reason"><button>Reply</button></form>`;

const isOpenPrompt = ({ message_id, force_reply }: TelegramDoubleMessage, every: readonly TelegramDoubleMessage[]): boolean => force_reply === true && !every.some((one) => one.reply_to === message_id && !one.from.is_bot);

/** Somebody was asked for words and has not answered. */
export const hasOpenPrompt = (messages: readonly TelegramDoubleMessage[]): boolean => messages.some((message) => isOpenPrompt(message, messages));

const messageHtml = (message: TelegramDoubleMessage, every: readonly TelegramDoubleMessage[]): string => {
  const { message_id, chat_id, from, date, text, entities, keyboard, edits, reply_to } = message;
  const about = every.find((one) => one.message_id === reply_to);
  const reference = about === undefined ? '' : `<div class="reference">${escapeHtml(about.text.split('\n').slice(0, 2).join(' '))}</div>`;
  const rows = keyboard.map((row) => `<div class="row">${row.map(button(message_id)).join('')}</div>`).join('');
  return `<div class="message${from.is_bot ? '' : ' person'}" id="m${message_id}"><div class="bubble"><span class="who">${escapeHtml(from.first_name)}<span class="chat">${chat_id}</span></span>
${reference}${textHtml(text, entities)}<span class="time">${edits > 0 ? 'edited ' : ''}${new Date(date * 1000).toISOString().slice(11, 16)}</span></div>
<div class="keyboard">${rows}</div>${isOpenPrompt(message, every) ? answerForm(message_id) : ''}</div>`;
};

/** The messages as Telegram shows them, with buttons and answers that work. */
export const telegramPage = (messages: readonly TelegramDoubleMessage[]): string => (messages.length === 0 ? '<p>No messages yet.</p>' : messages.map((message) => messageHtml(message, messages)).join(''));
