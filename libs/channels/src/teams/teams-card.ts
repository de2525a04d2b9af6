import { cleanLine, cleanText, fitText, shareRoom } from '../chat/chat-text.js';
import type { CardView } from '../chat/card-view.js';
import { utcMinute } from '../chat/card-view.js';

/** What a workflow of Teams takes, in bytes of the whole message. */
export const teamsLimit = 28 * 1024;

const limits = { title: 400, body: 6_000, summary: 3_000, attention: 800, label: 60, values: 6_000, item: 400, url: 600 } as const;
const maxFields = 20;
const maxItems = 12;

/** A text as the bytes that it takes in JSON, one character for each. */
const asBytes = (text: string): string => Buffer.from(JSON.stringify(text).slice(1, -1), 'utf8').toString('latin1');
const ofBytes = (bytes: string): string => String(JSON.parse(`"${Buffer.from(bytes, 'latin1').toString('utf8')}"`));
const inBytes = (text: string, max: number): string => ofBytes(fitText(text, max, { escape: asBytes, tail: '...' })) || '-';

interface TextRun {
  readonly type: 'TextRun';
  readonly text: string;
  readonly weight?: 'Bolder';
  readonly size?: 'Large' | 'Small';
  readonly color?: 'Good' | 'Warning' | 'Attention' | 'Accent' | 'Default';
}

type Colour = NonNullable<TextRun['color']>;

/** Text runs know no markup: what data says is shown as it is. */
interface RichText {
  readonly type: 'RichTextBlock';
  readonly inlines: readonly TextRun[];
}

interface OpenUrl {
  readonly type: 'Action.OpenUrl';
  readonly title: string;
  readonly url: string;
}

/** An Adaptive Card (https://adaptivecards.io), as far as it is used here. */
export interface AdaptiveCard {
  readonly $schema: 'http://adaptivecards.io/schemas/adaptive-card.json';
  readonly type: 'AdaptiveCard';
  readonly version: '1.4';
  readonly body: readonly RichText[];
  readonly actions: readonly OpenUrl[];
}

const colours: Readonly<Record<CardView['tone'], Colour>> = {
  pending: 'Warning', approve: 'Good', rework: 'Accent', cancel: 'Attention', expired: 'Attention', timeout_resume: 'Warning', closed: 'Default', info: 'Accent', good: 'Good', warning: 'Warning', bad: 'Attention',
};

const run = (text: string, style: Omit<TextRun, 'type' | 'text'> = {}): TextRun => ({ type: 'TextRun', text, ...style });
const block = (...inlines: readonly TextRun[]): RichText => ({ type: 'RichTextBlock', inlines });

const heading = ({ tone, heading: state, title, settled_at_ms }: CardView): readonly RichText[] => [
  block(run(inBytes(cleanLine(title), limits.title), { weight: 'Bolder', size: 'Large', color: colours[tone] })),
  ...(state === undefined ? [] : [block(run(settled_at_ms === undefined ? state : `${state}, ${utcMinute(settled_at_ms)}`, { weight: 'Bolder' }))]),
];

const said = ({ summary, attention, votes, body }: CardView): readonly RichText[] => {
  const text = summary === undefined ? cleanText(body) : cleanText(summary);
  return [
    ...[attention, votes].filter((text) => text !== undefined).map((text) => block(run(inBytes(cleanText(text), limits.attention), { weight: 'Bolder' }))),
    ...(text === '' ? [] : [block(run(inBytes(text, summary === undefined ? limits.body : limits.summary)))]),
  ];
};

/** As many as there is room for, and how many are left. */
const fieldsOf = (fields: CardView['fields']): readonly RichText[] => {
  const shown = fields.slice(0, maxFields).map(({ label, value }) => ({ label, value: cleanText(value) }));
  const rooms = shareRoom(shown.map(({ value }) => asBytes(value).length), limits.values);
  const blocks = shown.map(({ label, value }, index) => block(run(`${inBytes(cleanLine(label), limits.label)}: `, { weight: 'Bolder' }), run(inBytes(value, rooms[index] ?? 0))));
  return fields.length > maxFields ? [...blocks, block(run(`And ${fields.length - maxFields} more on the page`))] : blocks;
};

const itemsOf = (items: CardView['items']): readonly RichText[] => {
  const blocks = items.slice(0, maxItems).map(({ text }) => block(run(`• ${inBytes(cleanLine(text), limits.item)}`)));
  return items.length > maxItems ? [...blocks, block(run(`And ${items.length - maxItems} more on the page`))] : blocks;
};

const calls = { decision: 'Open, and decide there', answer: 'Open, and answer there' } as const;

const pageAction = ({ page_url: pageUrl, asksFor }: CardView): readonly OpenUrl[] => {
  if (pageUrl === undefined || !URL.canParse(pageUrl)) return [];
  const { protocol, href } = new URL(pageUrl);
  return /^https?:$/.test(protocol) && asBytes(href).length <= limits.url ? [{ type: 'Action.OpenUrl', title: asksFor === undefined ? 'Open the page' : calls[asksFor], url: href }] : [];
};

/** The card as Teams shows it. Nothing can be decided in it: its button opens the page. */
export const renderTeams = (view: CardView): AdaptiveCard => ({
  $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', type: 'AdaptiveCard', version: '1.4',
  body: [...heading(view), ...said(view), ...itemsOf(view.items), ...fieldsOf(view.fields)],
  actions: pageAction(view),
});

/** What is posted to a workflow. */
export const teamsMessage = (view: CardView): string => JSON.stringify({ type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: renderTeams(view) }] });
