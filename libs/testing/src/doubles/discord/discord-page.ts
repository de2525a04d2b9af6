import { escapeHtml, hiddenField } from '../page-shell.js';
import type { DiscordDoubleMessage, DiscordShown, DiscordUser } from './discord-double.js';
import { listOf, membersOf } from './discord-limits.js';

export const discordStyle = `
body{background:#313338;color:#dbdee1}.double-note{color:#1d1c1d}.double-told{color:#1d1c1d}
.message{display:flex;gap:14px;padding:10px 0}.avatar{flex:none;width:40px;height:40px;border-radius:50%;background:#5865f2;color:#fff;display:grid;place-items:center;font-weight:700}
.who{font-weight:600;color:#f2f3f5}.bot{background:#5865f2;color:#fff;border-radius:4px;font-size:11px;padding:1px 5px;margin-left:6px;vertical-align:2px}
.channel{color:#949ba4;font-size:12px;margin-left:8px}.reference{color:#b5bac1;font-size:13px;border-left:2px solid #4e5058;padding-left:8px;margin-bottom:2px}
.embed{background:#2b2d31;border-left:4px solid;border-radius:4px;padding:10px 16px 12px;margin:4px 0;max-width:520px;overflow-wrap:anywhere}
.author{font-size:13px;font-weight:600;margin-bottom:4px}.title{font-weight:600;color:#f2f3f5;margin-bottom:6px}.title a{color:#00a8fc;text-decoration:none}
.text{white-space:pre-wrap;font-size:14px}.text a{color:#00a8fc}.fields{display:grid;grid-template-columns:repeat(3,1fr);gap:8px;margin-top:8px}.field{font-size:14px}.field.wide{grid-column:1/-1}
.name{font-weight:600;color:#f2f3f5;font-size:13px}.footer{color:#b5bac1;font-size:12px;margin-top:8px}code{background:#1e1f22;border-radius:3px;padding:0 3px;font-size:13px}
.row{display:flex;gap:8px;margin:4px 0;flex-wrap:wrap}.row button,.row a{border:0;border-radius:4px;padding:7px 16px;color:#fff;font-size:14px;font-weight:500;text-decoration:none}
.s1{background:#5865f2}.s2,.s5{background:#4e5058}.s3{background:#248046}.s4{background:#da373c}
.modal{position:fixed;inset:0;background:#000a;display:grid;place-items:center}.modal form{background:#313338;border-radius:8px;padding:20px;width:440px;display:grid;gap:12px}
.modal textarea{background:#1e1f22;color:#dbdee1;border:0;border-radius:4px;min-height:100px;padding:8px;font:inherit}.modal button{border:0;border-radius:4px;padding:9px;color:#fff}`;

/** One piece of markup at a time, the leftmost first: an escape, code, a link with a text, an address, bold. */
const markup = /\\([^A-Za-z0-9\s])|`([^`]+)`|\[((?:\\[^A-Za-z0-9\s]|[^\]\\])+)\]\((https?:\/\/[^\s)]+)\)|https?:\/\/[^\s<]+|\*\*((?:\\[^A-Za-z0-9\s]|[^*\\])+)\*\*/g;

const markupHtml = (whole: string, parts: readonly (string | undefined)[]): string => {
  const [escaped, code, label, url, bold] = parts;
  if (escaped !== undefined) return escapeHtml(escaped);
  if (code !== undefined) return `<code>${escapeHtml(code)}</code>`;
  if (label !== undefined) return `<a href="${escapeHtml(url ?? '')}">${discordHtml(label)}</a>`;
  return bold === undefined ? `<a href="${escapeHtml(whole)}">${escapeHtml(whole)}</a>` : `<strong>${discordHtml(bold)}</strong>`;
};

/** Discord's markdown as far as cards use it. */
export const discordHtml = (text: string): string => {
  let html = '';
  let from = 0;
  for (const { 0: whole, 1: escaped, 2: code, 3: label, 4: url, 5: bold, index } of text.matchAll(markup)) {
    html += escapeHtml(text.slice(from, index)) + markupHtml(whole, [escaped, code, label, url, bold]);
    from = index + whole.length;
  }
  return html + escapeHtml(text.slice(from));
};

const shown = (value: unknown): string => (typeof value === 'string' ? discordHtml(value) : '');

const field = (value: unknown): string => {
  const { name, value: text, inline } = membersOf(value);
  return `<div class="field${inline === true ? '' : ' wide'}"><div class="name">${shown(name)}</div><div class="text">${shown(text)}</div></div>`;
};

const embed = (value: unknown): string => {
  const { title, url, description, color, fields, footer, author, timestamp } = membersOf(value);
  const heading = typeof url === 'string' ? `<a href="${escapeHtml(url)}">${shown(title)}</a>` : shown(title);
  const parts = [
    author === undefined ? '' : `<div class="author">${escapeHtml(String(membersOf(author)['name']))}</div>`, `<div class="title">${heading}</div>`,
    description === undefined ? '' : `<div class="text">${shown(description)}</div>`, `<div class="fields">${listOf(fields).map(field).join('')}</div>`,
    footer === undefined ? '' : `<div class="footer">${escapeHtml(String(membersOf(footer)['text']))}${typeof timestamp === 'string' ? ` • ${escapeHtml(timestamp.slice(0, 16).replace('T', ' '))}` : ''}</div>`,
  ];
  return `<div class="embed" style="border-color:#${Number(color ?? 0).toString(16).padStart(6, '0')}">${parts.join('')}</div>`;
};

const button = ({ id }: DiscordDoubleMessage) => (value: unknown): string => {
  const { style, label, custom_id, url } = membersOf(value);
  if (style === 5) return `<a class="s5" href="${escapeHtml(String(url))}">${escapeHtml(String(label))} ↗</a>`;
  return `<form method="post" action="/act">${hiddenField('message', id)}${hiddenField('press', String(custom_id))}<button class="s${Number(style)}">${escapeHtml(String(label))}</button></form>`;
};

const reference = (message: DiscordDoubleMessage, every: readonly DiscordDoubleMessage[]): string => {
  const about = every.find(({ id }) => id === message.message_reference?.message_id);
  if (about === undefined) return '';
  const title = membersOf(about.embeds[0])['title'];
  return `<div class="reference">↱ ${typeof title === 'string' ? discordHtml(title) : escapeHtml(about.content.slice(0, 80))}</div>`;
};

const messageHtml = (message: DiscordDoubleMessage, every: readonly DiscordDoubleMessage[]): string => `<div class="message" id="m${message.id}"><div class="avatar">C</div><div>
${reference(message, every)}<div><span class="who">${escapeHtml(message.author.username)}</span><span class="bot">APP</span><span class="channel">#${escapeHtml(message.channel_id)}${message.edits > 0 ? ' (edited)' : ''}</span></div>
<div class="text">${discordHtml(message.content)}</div>${message.embeds.map(embed).join('')}
${message.components.map((row) => `<div class="row">${listOf(membersOf(row)['components']).map(button(message)).join('')}</div>`).join('')}</div></div>`;

type Modal = { readonly message: DiscordDoubleMessage; readonly shown: Extract<DiscordShown, { kind: 'modal' }>; readonly user: DiscordUser };

/** The messages as Discord shows them, with buttons that work, and the modal that is open. */
export const discordPage = (messages: readonly DiscordDoubleMessage[], modal?: Modal): string => {
  const open = modal === undefined ? '' : `<div class="modal"><form method="post" action="/act">${hiddenField('message', modal.message.id)}<strong>${escapeHtml(modal.shown.title)}</strong><textarea name="reason" required maxlength="4000"></textarea><button class="s1">Submit</button></form></div>`;
  return `${messages.map((message) => messageHtml(message, messages)).join('')}${messages.length === 0 ? '<p>No messages yet.</p>' : ''}${open}`;
};
