import type { DeliveryRequest } from '@cs/contracts';
import type { Card } from '@cs/notification';
import type { APIActionRowComponent, APIButtonComponent, APIComponentInMessageActionRow, APIEmbed, APIEmbedField, APIMessageTopLevelComponent } from 'discord-api-types/v10';
import { buttonData } from '../chat/button-data.js';
import { cardHeading, publicLink } from '../chat/card-heading.js';
import { cleanLine, cleanText, fitText } from '../chat/chat-text.js';
import { escapeDiscord } from './discord-text.js';

/** Limits of one embed, in UTF-16 units: https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export const discordLimits = { title: 256, description: 4096, fields: 25, fieldName: 256, fieldValue: 1024, footer: 2048, author: 256, total: 6000, buttonsPerRow: 5, rows: 5, customId: 100, label: 80, content: 2000 } as const;

const colours: Readonly<Record<Card['status'], number>> = { pending: 0xf59e0b, approve: 0x10b981, rework: 0x6366f1, cancel: 0xef4444, expired: 0x6b7280, timeout_resume: 0x0ea5e9, closed: 0x6b7280 };
const quiet = 0x6b7280;
const styles = { primary: 3, default: 2, danger: 4 } as const;
const link = 5;
const maxAttention = 512;
const maxSummary = 1600;
const allFields = 2400;
const inlineUpTo = 48;
const nothing = '–';

/** What a message is made of, beside its nonce and what it answers to. */
export interface DiscordMessage {
  readonly embeds: APIEmbed[];
  readonly components: APIMessageTopLevelComponent[];
  readonly allowed_mentions: { readonly parse: [] };
}

/** Stands in the footer: by it a message is found again. */
export const discordReference = (deliveryId: string): string => (/[0-9a-f]{12,}/.exec(deliveryId)?.[0] ?? deliveryId).slice(0, 12);

const fieldWithin = (perField: number) => ({ label, value }: Card['fields'][number]): APIEmbedField => {
  const name = fitText(cleanLine(label) || nothing, Math.min(discordLimits.fieldName, Math.floor(perField / 3)), { escape: escapeDiscord });
  const text = fitText(cleanText(value) || nothing, Math.min(discordLimits.fieldValue, perField - name.length), { escape: escapeDiscord });
  return { name, value: text, inline: text.length <= inlineUpTo && !text.includes('\n') };
};

const fieldsOf = (fields: Card['fields']): APIEmbedField[] => {
  const shown = fields.length > discordLimits.fields ? fields.slice(0, discordLimits.fields - 1) : fields;
  const more = fields.length - shown.length;
  const every = more > 0 ? [...shown, { label: 'And more', value: `${more} more on the page` }] : shown;
  return every.map(fieldWithin(Math.floor(allFields / Math.max(every.length, 1))));
};

const shownPage = (card: Card): string[] => (card.page_url === undefined || publicLink(card.page_url) !== undefined || card.status !== 'pending' ? [] : [`Look at it: ${fitText(cleanLine(card.page_url), 600, { escape: escapeDiscord })}`]);

/** The parts of the text in their order; the body takes what the others leave. */
const descriptionOf = (card: Card, max: number): string => {
  const tail = card.page_url === undefined ? '…' : '… (the page shows the rest)';
  const part = (text: string | undefined, most: number): string[] => (text === undefined || cleanText(text) === '' ? [] : [fitText(cleanText(text), most, { escape: escapeDiscord })]);
  const before = [...part(card.attention, maxAttention).map((text) => `**${text}**`), ...part(card.summary, maxSummary)];
  const after = shownPage(card);
  const taken = [...before, ...after].reduce((total, text) => total + text.length + 2, 0);
  const body = fitText(cleanText(card.body_markdown), Math.max(0, max - taken), { escape: escapeDiscord, tail });
  return [...before, ...(body === '' ? [] : [body]), ...after].join('\n\n');
};

const lengthOf = ({ title = '', author, footer, fields = [] }: APIEmbed): number =>
  title.length + (author?.name.length ?? 0) + (footer?.text.length ?? 0) + fields.reduce((total, { name, value }) => total + name.length + value.length, 0);

const embedOf = (request: DeliveryRequest, card: Card): APIEmbed => {
  const heading = cardHeading(request, card);
  const page = publicLink(card.page_url);
  const embed: APIEmbed = {
    title: fitText(cleanLine(card.title) || nothing, discordLimits.title, { escape: escapeDiscord }),
    ...(heading === undefined ? {} : { author: { name: heading } }),
    ...(page === undefined ? {} : { url: page }),
    color: heading === undefined ? quiet : colours[card.status],
    fields: fieldsOf(card.fields),
    footer: { text: `Run ${fitText(cleanLine(card.thread_key) || nothing, 128)} · ${discordReference(request.delivery_id)}` },
  };
  const description = descriptionOf(card, Math.min(discordLimits.description, discordLimits.total - lengthOf(embed)));
  return { ...embed, ...(description === '' ? {} : { description }) };
};

const rowsOf = (card: Card, token: string): APIActionRowComponent<APIComponentInMessageActionRow>[] => {
  const page = publicLink(card.page_url);
  const buttons: APIButtonComponent[] = card.actions.map(({ decision, label, style }) => ({ type: 2, style: styles[style], label: fitText(cleanLine(label) || decision, discordLimits.label), custom_id: buttonData(decision, token) }));
  if (page !== undefined) buttons.push({ type: 2, style: link, label: 'Open', url: page });
  const rows = [];
  for (let from = 0; from < buttons.length && rows.length < discordLimits.rows; from += discordLimits.buttonsPerRow) rows.push({ type: 1 as const, components: buttons.slice(from, from + discordLimits.buttonsPerRow) });
  return rows;
};

/** The card as a message. Every limit holds for every text. Only a card that asks has buttons that decide. */
export const renderDiscordCard = (request: DeliveryRequest, card: Card, token: string): DiscordMessage => ({
  embeds: [embedOf(request, card)], components: rowsOf(card.status === 'pending' ? card : { ...card, actions: [] }, token), allowed_mentions: { parse: [] },
});
