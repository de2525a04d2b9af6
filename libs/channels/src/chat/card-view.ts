import type { DeliveryRequest } from '@cs/contracts';
import { cardSchema, noticeCardSchema, questionCardSchema, type Card, type NoticeCard, type QuestionCard } from '@cs/notification';

type Status = Card['status'];
type Notice = DeliveryRequest['notice'];

/** What a chat shows, whether it asks or only tells. */
export interface CardView {
  /** Gives colour and sign. */
  readonly tone: Status | NoticeCard['tone'];
  /** What state it is in, in words; absent for a notice. */
  readonly heading?: string;
  readonly title: string;
  readonly attention?: string | undefined;
  /** Where the votes stand; absent beside a summary. */
  readonly votes?: string | undefined;
  /** Who decided what and why. */
  readonly summary?: string | undefined;
  readonly settled_at_ms?: number | undefined;
  readonly body: string;
  readonly items: NoticeCard['items'];
  readonly fields: Card['fields'];
  readonly page_url?: string | undefined;
  /** Nothing but what is there to open the page leads to it. */
  readonly hasOneLink?: boolean;
  /** What it waits for; absent when it asks nothing (any more). */
  readonly asksFor?: 'decision' | 'answer';
  /** Empty unless it asks for a decision. */
  readonly actions: Card['actions'];
  readonly run?: string | undefined;
  readonly node?: string;
}

const settled: Readonly<Record<Exclude<Status, 'pending'>, string>> = {
  approve: 'Approved', rework: 'Sent back for rework', cancel: 'Cancelled', expired: 'Expired', timeout_resume: 'Went on without a decision', closed: 'Closed',
};
const pending = 'Waiting for a decision';
const asking: Readonly<Partial<Record<Notice, string>>> = { gate_reminded: 'Reminder: waiting for a decision', gate_escalated: 'Escalated: waiting for a decision' };

const viewOfCard = (notice: Notice, card: Card): CardView => ({
  tone: card.status, heading: card.status === 'pending' ? asking[notice] ?? pending : settled[card.status],
  ...(card.status === 'pending' ? { asksFor: 'decision' } : {}), title: card.title, attention: card.attention, votes: card.summary === undefined ? card.votes : undefined, summary: card.summary, settled_at_ms: card.settled_at_ms, body: card.body_markdown, items: [], fields: card.fields, page_url: card.page_url,
  actions: card.status === 'pending' ? card.actions : [], run: card.thread_key, node: card.correlation.node_id,
});

const viewOfNotice = ({ tone, title, body_markdown, items, fields, page_url }: NoticeCard, run: string | undefined): CardView => ({ tone, title, body: body_markdown, items, fields, page_url, actions: [], run });

const ends: Readonly<Record<Exclude<QuestionCard['status'], 'pending'>, Pick<CardView, 'tone'> & { readonly heading: string }>> = {
  answered: { tone: 'good', heading: 'Answered' }, expired: { tone: 'expired', heading: 'Nobody answered in time' }, cancelled: { tone: 'closed', heading: 'Cancelled' },
};

const viewOfQuestion = (notice: Notice, { status, title, attention, summary, settled_at_ms, body_markdown, fields, page_url, thread_key, correlation }: QuestionCard): CardView => ({
  ...(status === 'pending' ? { tone: 'pending', heading: notice === 'question_reminded' ? 'Reminder: waiting for an answer' : 'Waiting for an answer', asksFor: 'answer' } : ends[status]),
  title, attention, summary, settled_at_ms, body: body_markdown, items: [], fields, page_url, hasOneLink: true, actions: [], run: thread_key, node: correlation.node_id,
});

/** What a request asks a channel to show; `undefined` when its card cannot be read. */
export const viewOf = ({ notice, card, run_id }: DeliveryRequest): CardView | undefined => {
  const told = noticeCardSchema.safeParse(card);
  if (told.success) return viewOfNotice(told.data, run_id);
  const question = questionCardSchema.safeParse(card);
  if (question.success) return viewOfQuestion(notice, question.data);
  const asked = cardSchema.safeParse(card);
  return asked.success ? viewOfCard(notice, asked.data) : undefined;
};

/** The parts of an answer below a card: what happened to which node of which run, then why, where someone said so. */
export const answerBelow = ({ tone, asksFor, heading = '', attention, summary = '', run, node }: CardView): { readonly lead: string; readonly node?: string | undefined; readonly run?: string | undefined; readonly detail?: string } => {
  if (tone === 'pending') return { lead: attention ?? `This still waits for ${asksFor === 'answer' ? 'an answer' : 'a decision'}.` };
  const detail = summary.split('\n').slice(1).join('\n');
  return { lead: heading, node, run, ...(detail === '' ? {} : { detail }) };
};

const maxLink = 512;
/** A host with a top-level domain, and nobody's name before it. */
const publicUrl = /^https?:\/\/[a-z0-9.-]+\.[a-z]{2,}(:\d+)?\//;

/** A page that platforms take as a link: they refuse whole messages for the sake of a link to `localhost`. */
export const publicLink = (pageUrl: string | undefined): string | undefined => {
  if (pageUrl === undefined || pageUrl.length > maxLink || !URL.canParse(pageUrl)) return undefined;
  const { href } = new URL(pageUrl);
  return publicUrl.test(href) && href.length <= maxLink ? href : undefined;
};

/** E.g. `2026-11-27 10:05 UTC`. */
export const utcMinute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
