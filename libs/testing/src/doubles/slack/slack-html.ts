import { escapeHtml, hiddenField } from '../page-shell.js';
import { isParts } from './slack-block-check.js';

type Parts = Readonly<Record<string, unknown>>;

export const slackStyle = `
.ch{font-weight:700;font-size:18px;padding:8px 0;border-bottom:1px solid #ddd}.msg{padding:10px 0 10px 46px;position:relative;border-bottom:1px solid #f2f2f2}.msg:before{content:"C";position:absolute;left:0;top:12px;width:36px;height:36px;border-radius:6px;background:#4a154b;color:#fff;text-align:center;line-height:36px;font-weight:700}
.who{font-weight:900}.app{background:#e8e8e8;border-radius:3px;font-size:10px;padding:1px 4px;color:#616061;vertical-align:2px}.time{color:#616061;font-size:12px}.thread{margin-left:46px;border-left:3px solid #ddd;padding-left:10px}
.hd{font-weight:900;font-size:18px;margin:6px 0;overflow-wrap:anywhere}.sec{margin:6px 0;display:flow-root;white-space:pre-wrap;overflow-wrap:anywhere}.sec .acc{float:right}.flds{display:grid;grid-template-columns:1fr 1fr;gap:4px 16px;margin:8px 0;overflow-wrap:anywhere}.ctx{color:#616061;font-size:13px;margin:4px 0;overflow-wrap:anywhere}.ctx span{margin-right:10px}hr{border:0;border-top:1px solid #ddd;margin:8px 0}
.btn{display:inline-block;border:1px solid #bbb;border-radius:4px;background:#fff;color:#1d1c1d;font-weight:700;padding:5px 12px;margin:4px 6px 4px 0;text-decoration:none;font-size:15px}.btn.primary{background:#007a5a;border-color:#007a5a;color:#fff}.btn.danger{background:#e01e5a;border-color:#e01e5a;color:#fff}
details{display:inline-block}summary{list-style:none;cursor:pointer}.ask{border:1px solid #ccc;border-radius:6px;padding:10px;margin:4px 0;box-shadow:0 4px 12px #0002}.whisper{color:#616061;font-size:14px;background:#f8f8f8;padding:6px 10px;margin:4px 0 4px 46px;border-left:3px solid #ccc;white-space:pre-wrap}
.modal{border:1px solid #999;border-radius:8px;padding:0 18px 14px;margin:12px 0;box-shadow:0 8px 30px #0003;background:#fff}.modal h2{font-size:20px}.modal textarea{width:100%;min-height:90px;font:inherit}.err{color:#c00}.people{margin:6px 0 12px}`;

/** Slack's own marks in formatted text: bold, links, dates. Everything else is shown as it is. */
const mrkdwn = (text: string): string =>
  text.split(/(<[^<>]*>)/).map((part) => {
    const [, href = '', label = href] = /^<(https?:[^|>]*)(?:\|([^>]*))?>$/.exec(part) ?? [];
    if (href !== '') return `<a href="${unescapeSlack(href)}">${unescapeSlack(label)}</a>`;
    const [, seconds, fallback = ''] = /^<!date\^(\d+)\^[^|]*\|([^>]*)>$/.exec(part) ?? [];
    if (seconds !== undefined) return escapeHtml(fallback);
    if (part.startsWith('<')) return `<mark>${escapeHtml(part)}</mark>`;
    return unescapeSlack(part).replace(/\*([^*\n]+)\*/g, '<b>$1</b>');
  }).join('');

const unescapeSlack = (text: string): string => escapeHtml(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'));

const textHtml = (value: unknown): string => {
  if (!isParts(value)) return '';
  const text = String(value['text']);
  return value['type'] === 'mrkdwn' ? mrkdwn(text) : escapeHtml(text);
};

/** How a button is drawn; `press` gives the form that presses it, a picture has none. */
export type DrawPress = (actionId: string) => string | undefined;

const pressForm = (button: Parts, fields: string, label = textHtml(button['text'])): string =>
  `<form method="post" action="/act">${fields}<button class="btn ${escapeHtml(String(button['style'] ?? ''))}">${label}</button></form>`;

const buttonHtml = (button: unknown, press: DrawPress): string => {
  if (!isParts(button)) return '';
  const face = `<span class="btn ${escapeHtml(String(button['style'] ?? ''))}">${textHtml(button['text'])}</span>`;
  if (typeof button['url'] === 'string') return `<a class="btn" href="${escapeHtml(button['url'])}" target="_blank" rel="noreferrer">${textHtml(button['text'])} ↗</a>`;
  const fields = press(String(button['action_id']));
  if (fields === undefined) return face;
  const confirm = button['confirm'];
  if (!isParts(confirm)) return pressForm(button, fields);
  return `<details><summary>${face}</summary><div class="ask"><b>${textHtml(confirm['title'])}</b><br>${textHtml(confirm['text'])}<br>${pressForm(button, fields, textHtml(confirm['confirm']))}</div></details>`;
};

const blockHtml = (block: unknown, press: DrawPress): string => {
  if (!isParts(block)) return '';
  const elements = (block['elements'] ?? []) as unknown[];
  switch (block['type']) {
    case 'header': return `<div class="hd">${textHtml(block['text'])}</div>`;
    case 'section': {
      const fields = ((block['fields'] ?? []) as unknown[]).map((field) => `<div>${textHtml(field)}</div>`).join('');
      const accessory = block['accessory'] === undefined ? '' : `<span class="acc">${buttonHtml(block['accessory'], press)}</span>`;
      return `<div class="sec">${accessory}${textHtml(block['text'])}</div>${fields === '' ? '' : `<div class="flds">${fields}</div>`}`;
    }
    case 'context': return `<div class="ctx">${elements.map((element) => `<span>${textHtml(element)}</span>`).join('')}</div>`;
    case 'divider': return '<hr>';
    case 'actions': return `<div>${elements.map((element) => buttonHtml(element, press)).join('')}</div>`;
    default: return '';
  }
};

/** Blocks as Slack shows them, as HTML. Without `press` nothing can be pressed: a picture. */
export const slackBlocksHtml = (blocks: readonly unknown[], press: DrawPress = () => undefined): string => blocks.map((block) => blockHtml(block, press)).join('');

/** A modal as Slack shows it. */
export const slackModalHtml = ({ id, view, errors }: { readonly id: string; readonly view: Parts; readonly errors: Readonly<Record<string, string>> }): string => {
  const blocks = (view['blocks'] ?? []) as unknown[];
  const inputs = blocks.filter(isParts).filter(({ type }) => type === 'input').map((block) => {
    const error = errors[String(block['block_id'])];
    const { max_length: max } = isParts(block['element']) ? block['element'] : {};
    return `<p><b>${textHtml(block['label'])}</b><br><textarea name="typed" maxlength="${escapeHtml(String(max ?? 3_000))}"></textarea>${error === undefined ? '' : `<br><span class="err">${escapeHtml(error)}</span>`}</p>`;
  }).join('');
  const field = hiddenField('modal', id);
  const submit = view['submit'] === undefined ? '' : `<button class="btn primary">${textHtml(view['submit'])}</button>`;
  const close = `<form method="post" action="/act">${hiddenField('do', 'dismiss')}${field}<button class="btn">${textHtml(view['close'] ?? { type: 'plain_text', text: 'Close' })}</button></form>`;
  return `<div class="modal"><h2>${textHtml(view['title'])}</h2>${slackBlocksHtml(blocks)}<form method="post" action="/act">${hiddenField('do', 'submit')}${field}${inputs}${submit}</form>${close}</div>`;
};
