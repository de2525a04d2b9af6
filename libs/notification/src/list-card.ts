import type { DeliveryRequest } from '@cs/contracts';
import { definedMembers, type Json } from '@cs/kernel';
import { z } from 'zod';
import { pageAt } from './card-text.js';
import type { NoticeCard } from './notice-card.schema.js';

export type ListNotice = 'gates_waiting' | 'dead_letters';

interface Wording {
  readonly title: string;
  readonly tone: NoticeCard['tone'];
  /** Where all of it stands. Dead letters have no page, but runs that left them have. */
  readonly page?: string;
}

const wordings: Readonly<Record<ListNotice, Wording>> = {
  gates_waiting: { title: 'Waiting for a decision or an answer', tone: 'warning', page: '/inbox?all=true' },
  dead_letters: { title: 'Dead letters', tone: 'bad' },
};

/** A list before anything stands in it. */
export const emptyList = ({ notice, workspace_id, public_url }: { readonly notice: ListNotice; readonly workspace_id: string; readonly public_url?: string | undefined }): NoticeCard => {
  const { title, tone, page } = wordings[notice];
  return { kind: 'notice', title, body_markdown: '', tone, fields: [{ label: 'Workspace', value: workspace_id }], items: [], ...definedMembers({ page_url: page === undefined ? undefined : pageAt(public_url, page) }) };
};

const listedSchema = z.object({ text: z.string(), page_url: z.string().optional(), run_id: z.string().optional(), /** Of a question. */ request_id: z.string().optional() });

/** Something that stands in a list. */
export type Listed = z.infer<typeof listedSchema>;

export const readListed = (item: Json): Listed => listedSchema.parse(item);

const askedCardSchema = z.object({ title: z.string(), page_url: z.string().optional(), fields: z.array(z.object({ label: z.string(), value: z.string() })) });

/** The line of what is asked by a card. */
export const listedQuestion = ({ card, run_id = '', request_id }: Pick<DeliveryRequest, 'card' | 'run_id' | 'request_id'>): Listed => {
  const { title, page_url, fields } = askedCardSchema.parse(card);
  const detail = fields.filter(({ label }) => label === 'Run' || label === 'Risk').map(({ label, value }) => `${label}: ${value}`).join(' · ');
  return { text: detail === '' ? title : `${title} (${detail})`, run_id, ...definedMembers({ page_url, request_id }) };
};

const mostShown = 20;

const howMany = (notice: ListNotice, certain: number, counted: number): string => {
  if (notice === 'dead_letters' || counted === 0) return `${certain + counted}`;
  return `${certain} to ${certain + counted}`;
};

const notShown = (notice: ListNotice, certain: number, counted: number): string => {
  const hidden = Math.max(0, certain - mostShown);
  if (notice === 'dead_letters') return hidden + counted === 0 ? '' : `${hidden + counted} more are not shown here; GET /dead-letters lists all.`;
  if (counted === 0) return hidden === 0 ? '' : `${hidden} more are not shown here.`;
  return `${hidden === 0 ? '' : `${hidden} more are not shown here. `}${counted} came when the list was full; whether they still wait is not known here.`;
};

/** The list as it is told: the first items, and how many there are. `counted`: items beyond those, of which only the number is known. */
export const listCard = (empty: NoticeCard, { notice, items, counted }: { readonly notice: ListNotice; readonly items: readonly Listed[]; readonly counted: number }): NoticeCard => ({
  ...empty, title: `${empty.title}: ${howMany(notice, items.length, counted)}`, body_markdown: notShown(notice, items.length, counted),
  items: items.slice(0, mostShown).map(({ text, page_url }) => ({ text, ...definedMembers({ page_url }) })),
});
