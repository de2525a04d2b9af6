import { jsonAnswer, type DoubleAnswer, type DoubledPlatform, type DoubleRequest, type PageContent } from '../doubled-platform.js';
import { escapeHtml } from '../page-shell.js';

type Parts = Readonly<Record<string, unknown>>;
const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const maxBytes = 28 * 1024;

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
};

const isRun = (run: unknown): boolean => isParts(run) && run['type'] === 'TextRun' && typeof run['text'] === 'string' && run['text'] !== '' && !/\p{Surrogate}/u.test(run['text']);
const isBlock = (block: unknown): boolean => isParts(block) && block['type'] === 'RichTextBlock' && listOf(block['inlines']).length > 0 && listOf(block['inlines']).every(isRun);
const isAction = (action: unknown): boolean => isParts(action) && action['type'] === 'Action.OpenUrl' && typeof action['title'] === 'string' && /^https?:\/\//.test(String(action['url']));

/** What Teams refuses about a card: another version, elements it does not know, text without content, a message over 28 KB. */
export const teamsProblem = (body: Buffer): string | undefined => {
  if (body.length > maxBytes) return 'the message is larger than 28 KB';
  const message = parse(body);
  if (!isParts(message) || message['type'] !== 'message') return 'no message';
  const [attachment, ...more] = listOf(message['attachments']);
  if (!isParts(attachment) || more.length > 0 || attachment['contentType'] !== 'application/vnd.microsoft.card.adaptive') return 'no Adaptive Card';
  const card = attachment['content'];
  if (!isParts(card) || card['type'] !== 'AdaptiveCard' || !['1.2', '1.3', '1.4', '1.5'].includes(String(card['version']))) return 'no Adaptive Card of a version that Teams shows';
  if (!listOf(card['body']).every(isBlock) || listOf(card['body']).length === 0) return 'an element of the body is not what Teams takes';
  return listOf(card['actions']).length <= 6 && listOf(card['actions']).every(isAction) ? undefined : 'an action is not what Teams takes';
};

const runHtml = (run: unknown): string => (isParts(run) ? `<span class="${escapeHtml(`${String(run['weight'] ?? '')} ${String(run['size'] ?? '')} ${String(run['color'] ?? '')}`)}">${escapeHtml(String(run['text']))}</span>` : '');
const blockHtml = (block: unknown): string => `<p>${listOf(isParts(block) ? block['inlines'] : []).map(runHtml).join('')}</p>`;
const actionHtml = (action: unknown): string => (isParts(action) ? `<a href="${escapeHtml(String(action['url']))}" target="_blank" rel="noreferrer">${escapeHtml(String(action['title']))}</a>` : '');

export const teamsStyle = '.card{border:1px solid #d1d1d1;border-radius:6px;padding:8px 16px;margin:12px 0;white-space:pre-wrap;overflow-wrap:anywhere}.card p{margin:6px 0}.Bolder{font-weight:700}.Large{font-size:18px}.Good{color:#237b4b}.Warning{color:#835b00}.Attention{color:#c4314b}.Accent{color:#6264a7}.card a{display:inline-block;border:1px solid #6264a7;color:#6264a7;border-radius:4px;padding:5px 12px;text-decoration:none;font-weight:600}';

/** An Adaptive Card as Teams shows it, as HTML. */
export const teamsCardHtml = (card: Parts): string => `<div class="card">${listOf(card['body']).map(blockHtml).join('')}${listOf(card['actions']).map(actionHtml).join(' ')}</div>`;

/** A workflow of Teams: takes cards, answers 202, shows them. */
export class TeamsDouble implements DoubledPlatform {
  readonly name = 'Teams';
  readonly style = teamsStyle;
  /** Cards, the oldest first. */
  readonly cards: Parts[] = [];

  constructor(readonly signature = 'signature-of-the-double') {}

  /** Part of the address that lets who has it post. */
  get path(): string {
    return `/workflows/1/triggers/manual/paths/invoke?sig=${this.signature}`;
  }

  answer({ method, path, query, headers, body }: DoubleRequest): DoubleAnswer {
    if (method !== 'POST' || path !== '/workflows/1/triggers/manual/paths/invoke') return jsonAnswer(404, { error: { code: 'WorkflowNotFound' } });
    if (query.get('sig') !== this.signature) return jsonAnswer(401, { error: { code: 'DirectApiAuthorizationRequired' } });
    if (!(headers['content-type'] ?? '').startsWith('application/json')) return jsonAnswer(415, { error: { code: 'UnsupportedMediaType' } });
    const problem = teamsProblem(body);
    if (problem !== undefined) return jsonAnswer(400, { error: { code: 'TriggerInputSchemaMismatch', message: problem } });
    const message = JSON.parse(body.toString('utf8')) as { readonly attachments: readonly [{ readonly content: Parts }] };
    this.cards.push(message.attachments[0].content);
    return { status: 202, body: '' };
  }

  page(): PageContent {
    return { html: this.cards.map(teamsCardHtml).join('') || '<p>No card yet.</p>' };
  }

  act(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }
}
