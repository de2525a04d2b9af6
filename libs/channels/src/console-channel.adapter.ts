import type { DeliveryRequest } from '@cs/contracts';
import { cardSchema, questionCardSchema, type Card, type ChannelOutcome, type NotificationChannel, type QuestionCard } from '@cs/notification';

export interface ConsoleChannelOptions {
  /** The gateway as a person reaches it, e.g. `http://127.0.0.1:4400`; the commands contain it. */
  readonly publicUrl: string;
  /** Takes the text of one card, e.g. `(text) => process.stdout.write(text)`. */
  readonly write: (text: string) => void;
}

/** Texts come from definitions and data: nothing in them may move the cursor or pass for another line. */
const printable = (text: string): string => text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ' ');

const indented = (text: string): string => printable(text).split('\n').map((line) => `  ${line}`).join('\n');

/** Single-quoted for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const command = (card: Card, { decision, requires_reason }: Card['actions'][number], publicUrl: string): string => {
  const { run_id, gate_opening_id } = card.correlation;
  const body = JSON.stringify({ decision, gate_opening_id, ...(requires_reason ? { reason: 'why' } : {}) });
  return `curl -X POST ${publicUrl}/automations/v2/runs/${encodeURIComponent(run_id)}/gate -H 'content-type: application/json' -d ${quoted(body)}`;
};

const headings: Readonly<Record<string, string>> = { pending: 'Waiting for a decision', closed: 'Closed' };

const render = (card: Card, publicUrl: string): string => {
  const heading = headings[card.status] ?? 'Decided';
  const attention = [card.attention, card.votes].filter((text) => text !== undefined).map((text) => `  ${printable(text)}`);
  const link = card.page_url === undefined || card.status !== 'pending' ? [] : [`  Look at it: ${printable(card.page_url)}`];
  const fields = card.fields.map(({ label, value }) => `  ${label}: ${printable(value)}`);
  const actions = card.actions.map((action) => `  ${action.label}:\n    ${command(card, action, publicUrl)}`);
  return ['', `── ${heading}: ${printable(card.title).replaceAll('\n', ' ')}`, ...attention, indented(card.summary ?? card.body_markdown), ...fields, ...link, ...actions, '', ''].join('\n');
};

const questionHeadings: Readonly<Record<QuestionCard['status'], string>> = { pending: 'Waiting for an answer', answered: 'Answered', expired: 'Nobody answered in time', cancelled: 'Cancelled' };

/** Answers are given on the page, or by the API. */
const renderQuestion = ({ status, title, attention, summary, body_markdown, fields, page_url }: QuestionCard): string => {
  const link = page_url === undefined || status !== 'pending' ? [] : [`  Answer it: ${printable(page_url)}`];
  return ['', `── ${questionHeadings[status]}: ${printable(title).replaceAll('\n', ' ')}`, ...(attention === undefined ? [] : [`  ${printable(attention)}`]), indented(summary ?? body_markdown), ...fields.map(({ label, value }) => `  ${label}: ${printable(value)}`), ...link, '', ''].join('\n');
};

/** Writes cards where the service runs, with the exact commands that decide the gate. Each card is one write. */
export class ConsoleChannel implements NotificationChannel {
  readonly name = 'console';
  readonly #publicUrl: string;
  readonly #write: (text: string) => void;

  constructor({ publicUrl, write }: ConsoleChannelOptions) {
    this.#publicUrl = publicUrl.replace(/\/+$/, '');
    this.#write = write;
  }

  send(request: DeliveryRequest): Promise<ChannelOutcome> {
    const text = this.#textOf(request);
    if (text === undefined) return Promise.resolve({ kind: 'permanent', reason: 'the card cannot be read' });
    this.#write(text);
    return Promise.resolve({ kind: 'sent' });
  }

  #textOf({ card }: DeliveryRequest): string | undefined {
    const question = questionCardSchema.safeParse(card);
    if (question.success) return renderQuestion(question.data);
    const asked = cardSchema.safeParse(card);
    return asked.success ? render(asked.data, this.#publicUrl) : undefined;
  }
}
