// npm run previews: draws every golden card of a channel as its platform shows it, for a person to look at.
//   node tools/card-previews.mjs slack            HTML in .countersign/previews
//   node tools/card-previews.mjs slack --picture  and docs/pictures/slack.png, by the browser that CHROMIUM names
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { discordPage, discordStyle, emailPage, emailStyle, escapeHtml, pageShell, parseTelegramText, slackBlocksHtml, slackModalHtml, slackStyle, teamsCardHtml, teamsStyle, telegramPage, telegramStyle } from '../libs/testing/dist/doubles/index.js';

const root = path.resolve(import.meta.dirname, '..');
const golden = (platform) => path.join(root, 'libs/channels/src/golden', platform);

const slackCard = ({ text, blocks, reply, type, ...view }) => {
  if (type === 'modal') return slackModalHtml({ id: 'm', view: { type, blocks, ...view }, errors: {} });
  const answer = reply === undefined ? '' : `<div class="thread"><div class="msg"><span class="who">Countersign</span>${slackBlocksHtml(reply.blocks)}</div></div>`;
  return `<div class="msg"><span class="who">Countersign</span> <span class="app">APP</span>${slackBlocksHtml(blocks)}</div>${answer}<div class="ctx">As a notification: ${escapeHtml(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'))}</div>`;
};

const discordForm = ({ title }) => discordPage([], { message: { id: '1' }, shown: { kind: 'modal', title }, user: { id: '1' } }).replace('<p>No messages yet.</p>', '');

const discordCard = ({ data, embeds, components, content = '' }) => (data !== undefined ? discordForm(data) : discordPage([{ id: '1', channel_id: 'approvals', author: { id: '1', username: 'Countersign', bot: true }, sent_at_ms: 0, content, embeds, components, edits: 0 }]));

const telegramCard = ({ markdown, keyboard = [] }) => {
  const { text, entities } = parseTelegramText(markdown, 'MarkdownV2');
  return telegramPage([{ message_id: 1, chat_id: -1001, from: { id: 1, is_bot: true, first_name: 'Countersign' }, date: 36_000, text, entities, keyboard, edits: 0 }]);
};

const emailCard = ({ subject, html }) => emailPage([{ subject, html: html.join('\n'), text: '', from: { name: 'Countersign', address: 'countersign@example.com' }, to: [{ name: '', address: 'ops@example.com' }] }]).replace(/<details>[^]*<\/details>/, '');

const platforms = { slack: { style: slackStyle, draw: slackCard }, discord: { style: discordStyle, draw: discordCard }, telegram: { style: telegramStyle, draw: telegramCard }, teams: { style: teamsStyle, draw: teamsCardHtml }, email: { style: emailStyle, draw: emailCard } };

const sheetStyle = 'main{max-width:none;columns:3;column-gap:24px}.one{break-inside:avoid;border:1px solid #ccc;border-radius:8px;padding:8px 14px;margin:0 0 16px}.one h3{margin:0 0 6px;color:#888;font:600 13px monospace}.double-note{display:none}.modal{position:static}';
const width = 1500;
const order = ['pending', 'asks_again', 'partly_approved', 'reminded', 'escalated', 'approved', 'voted', 'rework', 'cancelled', 'expired', 'timeout_resume', 'closed', 'closed_by_reset', 'closed_by_reopening'];
const place = (name) => (order.findIndex((state) => name.endsWith(state)) + order.length + 1) % (order.length + 1);

const draw = (platform) => {
  const { style, draw: card } = platforms[platform];
  const folder = path.join(root, '.countersign/previews', platform);
  mkdirSync(folder, { recursive: true });
  const cards = readdirSync(golden(platform)).map((file) => file.replace(/\.json$/, '')).sort((a, b) => place(a) - place(b) || a.localeCompare(b)).map((name) => [name, card(JSON.parse(readFileSync(path.join(golden(platform), `${name}.json`), 'utf8')))]);
  for (const [name, content] of cards) writeFileSync(path.join(folder, `${name}.html`), pageShell({ title: `${platform}: ${name}`, style, content }));
  const sheet = path.join(folder, 'all.html');
  writeFileSync(sheet, pageShell({ title: platform, style: style + sheetStyle, content: cards.map(([name, content]) => `<div class="one"><h3>${escapeHtml(name)}</h3>${content}</div>`).join('') }));
  return sheet;
};

const browse = (...args) => execFileSync(process.env.CHROMIUM ?? 'chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** The browser first says how high the page is. */
const photograph = (sheet, picture) => {
  const measuring = `${sheet}.measure.html`;
  writeFileSync(measuring, `${readFileSync(sheet, 'utf8')}<script>document.title=document.documentElement.scrollHeight</script>`);
  const [, height = '2000'] = /<title>(\d+)<\/title>/.exec(browse(`--window-size=${width},400`, '--dump-dom', `file://${measuring}`)) ?? [];
  mkdirSync(path.dirname(picture), { recursive: true });
  browse(`--window-size=${width},${height}`, `--screenshot=${picture}`, `file://${sheet}`);
};

const [platform = 'slack', ...options] = process.argv.slice(2);
if (!(platform in platforms)) {
  console.error(`There are previews of ${Object.keys(platforms).join(', ')}, not of "${platform}".`);
  process.exit(2);
}
const sheet = draw(platform);
console.log(sheet);
if (options.includes('--picture')) photograph(sheet, path.join(root, 'docs/pictures', `${platform}.png`));
