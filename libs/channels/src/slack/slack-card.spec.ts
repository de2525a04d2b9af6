import { renews, type Card } from '@cs/notification';
import { checkMessageBlocks, checkView, slackBlocksHtml } from '@cs/testing/doubles';
import fc from 'fast-check';
import { anyCard as anyKnownCard, anyNotice, anyQuestion, anyText } from '../chat/any-text.fixture.js';
import { buttonData, readButton } from '../chat/button-data.js';
import { cardToken, everyCard, everyNotice, everyQuestion, openCard } from '../chat/cards.fixture.js';
import { expectGolden } from '../chat/golden.fixture.js';
import { renderCard, renderCardReply, renderNotice, type SlackMessage } from './slack-card.js';
import { renderQuestion, renderQuestionReply } from './slack-question.js';
import { reasonModal, toldModal } from './slack-modal.js';

/** Any card, of any run and node, settled at any time or none; decisions may be listed twice. */
const anyCard: fc.Arbitrary<Card> = fc.tuple(anyKnownCard, anyText, fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined })).map(([card, text, settled]) => ({
  ...card, actions: [...card.actions, ...card.actions], correlation: { ...card.correlation, run_id: text, node_id: text }, ...(settled === undefined ? {} : { settled_at_ms: settled }),
}));

const token = cardToken;
const pendingCard = openCard;
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

type Texts = { type: string; text: string }[];
const textsOf = (value: unknown): Texts => {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  const { type, text } = value as { type?: unknown; text?: unknown };
  return [...(typeof type === 'string' && typeof text === 'string' ? [{ type, text }] : []), ...Object.values(value).flatMap(textsOf)];
};

/** Formatted texts are ours: a sign and a label, a bold label, a link, a date. */
const own = /^(\S+ \*[A-Za-z ]+\*(, <!date\^\d+\^\{date_short_pretty\} \{time\}\|[-0-9: ]+ UTC>)?|\*[A-Za-z0-9 ]{1,60}\*|<https?:[^<>|]*\|Open the page>)$/u;

const expectSafe = ({ text, blocks }: SlackMessage): void => {
  expect(checkMessageBlocks(JSON.parse(JSON.stringify(blocks)))).toEqual([]);
  expect(text.length).toBeGreaterThan(0);
  expect(text.length).toBeLessThanOrEqual(3_000);
  expect(text).not.toMatch(/[<>]/);
  for (const { type, text: shown } of textsOf(blocks)) if (type === 'mrkdwn') expect(shown).toMatch(own);
};

describe('Channels: card rendering of Slack', () => {
  it('limits: any card becomes a message that Slack takes, in which data is never formatting, mention or link', () => {
    fc.assert(fc.property(anyCard, (card) => {
      expectSafe(renderCard(card, token));
      expectSafe(renderCardReply(card));
    }), { numRuns: 100 });
  });

  it('limits: any notice or digest becomes a message that Slack takes', () => {
    fc.assert(fc.property(anyNotice, (notice) => expectSafe(renderNotice(notice))), { numRuns: 100 });
  });

  it('limits: any question becomes a message that Slack takes, in which nothing decides and at most one link leads to the page', () => {
    fc.assert(fc.property(anyQuestion, (question) => {
      expectSafe(renderQuestion(question));
      expectSafe(renderQuestionReply(question));
      const blocks = JSON.stringify(renderQuestion(question).blocks);
      expect(blocks).not.toContain('"value"');
      // In formatted text only: in the other texts, which are data, nothing is a link.
      const links = textsOf(renderQuestion(question).blocks).filter(({ type, text }) => type === 'mrkdwn' && text.includes('<http'));
      expect(blocks.split('"url":').length - 1 + links.length).toBeLessThanOrEqual(1);
    }), { numRuns: 100 });
  });

  it('limits: any text becomes a form that Slack takes', () => {
    fc.assert(fc.property(anyText, (text) => {
      expect(checkView(JSON.parse(JSON.stringify(reasonModal({ decision: 'rework', token, title: text }))))).toEqual([]);
      expect(checkView(JSON.parse(JSON.stringify(toldModal(text))))).toEqual([]);
    }), { numRuns: 100 });
  });

  it('escaping: markup of data is shown as it was written', () => {
    const { text, blocks } = renderCard({ ...pendingCard, title: 'Pay <!channel> & *all*', body_markdown: '<https://evil.example|Approve> @here :tada:' }, token);
    expect(text).toBe('Pay &lt;!channel&gt; &amp; *all*: waiting for a decision');
    expect(blocks[0]).toEqual({ type: 'header', text: { type: 'plain_text', text: 'Pay <!channel> & *all*', emoji: false } });
    expect(blocks[2]).toEqual({ type: 'section', text: { type: 'plain_text', text: '<https://evil.example|Approve> @here :tada:', emoji: false } });
  });

  it('a long text is cut between graphemes, and says where the rest is', () => {
    const { blocks } = renderCard({ ...pendingCard, body_markdown: '👩‍👩‍👧‍👦'.repeat(1_000) }, token);
    const shown = textsOf(blocks[2])[0]?.text ?? '';
    expect(shown).toMatch(/^(👩‍👩‍👧‍👦)+… \(shortened: the page shows all of it\)$/u);
    expect(shown.length).toBeGreaterThan(2_900);
  });

  it('button styles: approve is primary, cancel is danger and asks again, sending back is neither', () => {
    const rows = renderCard(pendingCard, token).blocks.filter((block) => block.type === 'actions');
    expect(rows).toMatchObject([{ elements: [{ style: 'primary' }, { text: { text: 'Send back' } }, { style: 'danger', confirm: { confirm: { text: 'Cancel' } } }, { url: pendingCard.page_url }] }]);
    expect(rows[0]).not.toHaveProperty('elements.1.style');
    expect(rows[0]).not.toHaveProperty('elements.0.confirm');
  });

  it('button chunking: no row has more than five', () => {
    fc.assert(fc.property(anyCard, (card) => {
      for (const block of renderCard({ ...card, status: 'pending' }, token).blocks) if (block.type === 'actions') expect(block.elements.length).toBeLessThanOrEqual(5);
    }), { numRuns: 100 });
  });

  it('round trip of payload: a button carries its decision and its token, nothing else, and nothing else is read', () => {
    for (const decision of ['approve', 'rework', 'cancel'] as const) expect(readButton(buttonData(decision, token))).toEqual({ kind: 'button', decision, token });
    for (const value of ['', 'tdm:approve', 'tdm:approve:', 'tdm:approve:short', `tdm:expired:${token}`, `tdm:approve:${token}~`, `tdm:approve:${token.toUpperCase()}`, `tdm:approve:${token}\n`, '{"action_id":"approve","requires_reason":false}', 'tdm:approve:run-1:node']) expect(readButton(value)).toMatchObject({ kind: 'unreadable' });
    const values = JSON.stringify(renderCard(pendingCard, token).blocks).match(/"value":"[^"]*"/g);
    expect(values).toEqual([`"value":"tdm:approve:${token}"`, `"value":"tdm:rework:${token}"`, `"value":"tdm:cancel:${token}"`]);
  });

  it('edit clears buttons: a card that asks no more has nothing to press', () => {
    fc.assert(fc.property(anyCard, (card) => {
      const { blocks } = renderCard({ ...card, status: 'closed' }, 'fedcba9876543210fedcba9876543210');
      expect(JSON.stringify(blocks)).not.toContain('"type":"button"');
      expect(JSON.stringify(blocks)).not.toContain('fedcba9876543210fedcba9876543210');
    }), { numRuns: 100 });
  });

  it('modal shape: one input for the reason, and the button’s payload', () => {
    expectGolden('slack/reason-form.json', json(reasonModal({ decision: 'rework', token, title: `Send back: ${openCard.title}` })));
  });

  it.each(Object.entries(everyCard))('golden card: %s', (state, { card, notice }) => {
    expectGolden(`slack/${state}.json`, json({ ...renderCard(card, token), ...(state === 'pending' || renews(notice) ? {} : { reply: renderCardReply(card) }) }));
  });

  it.each(Object.entries(everyQuestion))('golden question: %s', (state, { card }) => {
    expectGolden(`slack/${state}.json`, json({ ...renderQuestion(card), ...(state === 'question_asked' ? {} : { reply: renderQuestionReply(card) }) }));
  });

  it.each(Object.entries(everyNotice))('golden notice: %s', (name, notice) => {
    expectGolden(`slack/${name}.json`, json(renderNotice(notice)));
  });

  it('the preview shows every text of a card as text', () => {
    const html = slackBlocksHtml(renderCard({ ...pendingCard, body_markdown: '<script>alert(1)</script>' }, token).blocks);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
  });
});
