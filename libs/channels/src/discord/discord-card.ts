import type { APIActionRowComponent, APIButtonComponent, APIComponentInMessageActionRow, APIEmbed, APIEmbedField, APIMessageTopLevelComponent } from 'discord-api-types/v10';
import { buttonData } from '../chat/button-data.js';
import { publicLink, type CardView } from '../chat/card-view.js';
import { cleanLine, cleanText, fitText, shareRoom } from '../chat/chat-text.js';
import { escapeDiscord } from './discord-text.js';

/** Limits of one embed, in UTF-16 units: https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export const discordLimits = { title: 256, description: 4096, fields: 25, fieldName: 256, fieldValue: 1024, total: 6000, buttonsPerRow: 5, rows: 5, customId: 100, label: 80, content: 2000 } as const;

const grey = 0x6b7280;
const colours: Readonly<Record<CardView['tone'], number>> = {
  pending: 0xf59e0b, approve: 0x10b981, rework: 0x6366f1, cancel: 0xef4444, expired: grey, timeout_resume: 0x0ea5e9, closed: grey, info: grey, warning: 0xf59e0b, bad: 0xef4444, good: 0x10b981,
};
const styles = { primary: 3, default: 2, danger: 4 } as const;
const link = 5;
const maxAttention = 512;
const maxSummary = 1600;
const maxItem = 200;
const allFields = 2600;
const maxLabel = 60;
const inlineUpTo = 48;
const nothing = '–';
const escape = escapeDiscord;

/** What a message is made of, beside its nonce and what it answers to. */
export interface DiscordMessage {
  readonly embeds: APIEmbed[];
  readonly components: APIMessageTopLevelComponent[];
  readonly allowed_mentions: { readonly parse: [] };
}

/** Stands in the footer: by it a message is found again. */
export const discordReference = (deliveryId: string): string => (/[0-9a-f]{12,}/.exec(deliveryId)?.[0] ?? deliveryId).slice(0, 12);

const fieldsOf = (fields: CardView['fields']): APIEmbedField[] => {
  const shown = fields.length > discordLimits.fields ? fields.slice(0, discordLimits.fields - 1) : fields;
  const more = fields.length - shown.length;
  const every = (more > 0 ? [...shown, { label: 'And more', value: `${more} more on the page` }] : shown).map(({ label, value }) => ({ name: fitText(cleanLine(label) || nothing, maxLabel, { escape }), text: cleanText(value) || nothing }));
  const names = every.reduce((total, { name }) => total + name.length, 0);
  const rooms = shareRoom(every.map(({ text }) => Math.min(escape(text).length, discordLimits.fieldValue)), allFields - names);
  return every.map(({ name, text }, index) => {
    const value = fitText(text, rooms[index] ?? 0, { escape });
    return { name, value, inline: value.length <= inlineUpTo && !value.includes('\n') };
  });
};

const part = (text: string | undefined, most: number): string[] => (text === undefined || cleanText(text) === '' ? [] : [fitText(cleanText(text), most, { escape })]);
const shownPage = ({ page_url, asksFor }: CardView): string[] => (page_url === undefined || publicLink(page_url) !== undefined || asksFor === undefined ? [] : [`Look at it: ${fitText(cleanLine(page_url), 600, { escape })}`]);

const itemLine = ({ text, page_url }: CardView['items'][number]): string => {
  const page = publicLink(page_url);
  // Inside of a link's text and target its own brackets would end it, escaped or not.
  const shown = fitText(cleanLine(text).replaceAll('[', '(').replaceAll(']', ')') || nothing, maxItem, { escape });
  return page === undefined ? `• ${shown}` : `• [${shown}](${page.replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'))})`;
};

/** As many items as there is room for, and how many are left. */
const itemsWithin = (items: CardView['items'], max: number): string => {
  const lines: string[] = [];
  let length = 0;
  for (const item of items) {
    const line = itemLine(item);
    if (length + line.length + 1 > max - 40) return [...lines, `And ${items.length - lines.length} more on the page`].join('\n');
    lines.push(line);
    length += line.length + 1;
  }
  return lines.join('\n');
};

/** The parts of the text in their order; the body takes what the others leave, and the items what the body leaves. */
const descriptionOf = (view: CardView, max: number): string => {
  const before = [...[...part(view.attention, maxAttention), ...part(view.votes, maxAttention)].map((text) => `**${text}**`), ...part(view.summary, maxSummary)];
  const after = shownPage(view);
  const taken = [...before, ...after].reduce((total, text) => total + text.length + 2, 0);
  const tail = view.page_url === undefined ? '…' : '… (the page shows the rest)';
  const room = Math.max(0, max - taken - 2);
  const body = fitText(cleanText(view.body), view.items.length === 0 ? room : Math.floor(room / 3), { escape, tail });
  const items = view.items.length === 0 ? '' : itemsWithin(view.items, room - body.length - 2);
  return [...before, body, items, ...after].filter((text) => text !== '').join('\n\n');
};

const lengthOf = ({ title = '', author, footer, fields = [] }: APIEmbed): number =>
  title.length + (author?.name.length ?? 0) + (footer?.text.length ?? 0) + fields.reduce((total, { name, value }) => total + name.length + value.length, 0);

/** A question has one link, its button. */
const titleLink = ({ page_url, hasOneLink }: CardView): Pick<APIEmbed, 'url'> => {
  const page = hasOneLink ? undefined : publicLink(page_url);
  return page === undefined ? {} : { url: page };
};

const embedOf = (view: CardView, deliveryId: string): APIEmbed => {
  const run = view.run === undefined ? '' : `Run ${fitText(cleanLine(view.run) || nothing, 128)} · `;
  const embed: APIEmbed = {
    title: fitText(cleanLine(view.title) || nothing, discordLimits.title, { escape }),
    ...(view.heading === undefined ? {} : { author: { name: view.heading } }),
    ...titleLink(view),
    ...(view.settled_at_ms === undefined ? {} : { timestamp: new Date(view.settled_at_ms).toISOString() }),
    color: colours[view.tone],
    fields: fieldsOf(view.fields),
    footer: { text: `${run}${discordReference(deliveryId)}` },
  };
  const description = descriptionOf(view, Math.min(discordLimits.description, discordLimits.total - lengthOf(embed)));
  return { ...embed, ...(description === '' ? {} : { description }) };
};

const rowsOf = ({ actions, page_url }: CardView, token: string): APIActionRowComponent<APIComponentInMessageActionRow>[] => {
  const page = publicLink(page_url);
  const buttons: APIButtonComponent[] = actions.map(({ decision, label, style }) => ({ type: 2, style: styles[style], label: fitText(cleanLine(label) || decision, discordLimits.label), custom_id: buttonData(decision, token) }));
  if (page !== undefined) buttons.push({ type: 2, style: link, label: 'Open', url: page });
  const rows = [];
  for (let from = 0; from < buttons.length && rows.length < discordLimits.rows; from += discordLimits.buttonsPerRow) rows.push({ type: 1 as const, components: buttons.slice(from, from + discordLimits.buttonsPerRow) });
  return rows;
};

/** A card or a notice as a message. Every limit holds for every text. */
export const renderDiscordCard = (view: CardView, { token, deliveryId }: { readonly token: string; readonly deliveryId: string }): DiscordMessage => ({ embeds: [embedOf(view, deliveryId)], components: rowsOf(view, token), allowed_mentions: { parse: [] } });
