import type { QuestionCard } from '@cs/notification';
import type { ContextBlock } from '@slack/types';
import { pageRow } from './slack-buttons.js';
import { cutPointer, fieldSections, header, pageLink, section, type SlackMessage } from './slack-card.js';
import { dataLine, dataText, fallbackText, ownDate, ownText, slackLimits } from './slack-text.js';

const statuses: Readonly<Record<QuestionCard['status'], { readonly sign: string; readonly label: string }>> = {
  pending: { sign: '❓', label: 'Waiting for an answer' },
  answered: { sign: '✅', label: 'Answered' },
  expired: { sign: '⌛', label: 'Nobody answered in time' },
  cancelled: { sign: '🔒', label: 'Cancelled' },
};

const statusLine = ({ status, settled_at_ms, correlation: { run_id, node_id } }: QuestionCard): ContextBlock => {
  const { sign, label } = statuses[status];
  const when = settled_at_ms === undefined ? '' : `, ${ownDate(settled_at_ms)}`;
  return { type: 'context', elements: [ownText(`${sign} *${label}*${when}`), dataLine(`Run ${run_id}`, slackLimits.context), dataLine(`Node ${node_id}`, slackLimits.context)] };
};

const asking = (card: QuestionCard): SlackMessage => ({
  text: fallbackText(`${card.title}: ${card.attention ?? 'waiting for an answer'}`),
  blocks: [
    header(card.title), statusLine(card), ...(card.attention === undefined ? [] : [section(dataText(`⏰ ${card.attention}`, slackLimits.section))]),
    section(dataText(card.body_markdown, slackLimits.section, cutPointer(card.page_url))), ...fieldSections(card.fields), ...pageRow(card.page_url),
  ],
});

const summaryOf = ({ summary, status }: QuestionCard): string => summary ?? `${statuses[status].label}.`;

const settled = (card: QuestionCard): SlackMessage => ({
  text: fallbackText(`${card.title}: ${summaryOf(card)}`),
  blocks: [header(card.title), statusLine(card), section(dataText(summaryOf(card), slackLimits.section, cutPointer(card.page_url))), ...pageLink(card.page_url)],
});

/** A question as a message: with the link to its page, and once it has ended with who answered, or why nobody did. */
export const renderQuestion = (card: QuestionCard): SlackMessage => (card.status === 'pending' ? asking(card) : settled(card));

/** What is answered below the card when it asks again, and once the question has ended. */
export const renderQuestionReply = (card: QuestionCard): SlackMessage => {
  const text = card.status === 'pending' ? (card.attention ?? 'This still waits for an answer.') : summaryOf(card);
  return { text: fallbackText(text), blocks: [section(dataText(text, slackLimits.section))] };
};
