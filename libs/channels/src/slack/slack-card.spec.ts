import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Card, NoticeCard } from '@cs/notification';
import { checkMessageBlocks, checkView, slackBlocksHtml } from '@cs/testing/doubles';
import fc from 'fast-check';
import { pendingCard, sampleCards, sampleNotices } from '../card-samples.fixture.js';
import { buttonValue, readButtonValue } from './slack-buttons.js';
import { renderCard, renderCardReply, renderNotice, type SlackMessage } from './slack-card.js';
import { reasonModal, toldModal } from './slack-modal.js';

const token = '0123456789abcdef0123456789abcdef';
const golden = (name: string): string => path.join(import.meta.dirname, '../golden/slack', `${name}.json`);

/** Compares with the kept file; `WRITE_GOLDEN=1` writes it. */
const expectGolden = (name: string, message: unknown): void => {
  const text = `${JSON.stringify(message, null, 2)}\n`;
  if (process.env['WRITE_GOLDEN'] === '1') writeFileSync(golden(name), text);
  expect(text).toBe(readFileSync(golden(name), 'utf8'));
};

/** Of all of Unicode, halves of pairs too. */
const anyCodePoint = fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point));
const odd = fc.constantFrom('<!channel>', '<@U1>', '@here', '<http://x|Approve>', '*bold*', '_it_', '`code`', ':smile:', '&lt;!here&gt;', '\ud800', '\u202e', '👩‍👩‍👧‍👦', 'e\u0301', 'a\u0300'.repeat(500), '\u0000', '\r\n', '"', '\\', ']]>', '<script>');
const anyText = fc.oneof(fc.array(anyCodePoint, { maxLength: 60 }).map((points) => points.join('')), fc.array(fc.oneof(odd, fc.string({ unit: 'grapheme', maxLength: 10 })), { maxLength: 30 }).map((parts) => parts.join('')), fc.tuple(odd, fc.integer({ min: 1, max: 3_000 })).map(([text, times]) => text.repeat(times).slice(0, 20_000)));
const url = fc.oneof(fc.webUrl({ withQueryParameters: true }), anyText, fc.constantFrom('javascript:alert(1)', `https://x.example/${'a'.repeat(4_000)}`, 'https://x.example/a|b>c'));
const fields = fc.array(fc.record({ label: anyText, value: anyText }), { maxLength: 25 });
const action = fc.constantFrom(...pendingCard.actions).chain((known) => anyText.map((label) => ({ ...known, label })));
const anyCard: fc.Arbitrary<Card> = fc.record({
  title: anyText, body_markdown: anyText, fields, status: fc.constantFrom('pending', 'approve', 'rework', 'cancel', 'expired', 'timeout_resume', 'closed'), actions: fc.array(action, { maxLength: 12 }),
  attention: anyText, page_url: url, summary: anyText, settled_at_ms: fc.integer({ min: 0, max: 4e12 }), thread_key: anyText,
  correlation: fc.record({ org_id: anyText, workspace_id: anyText, request_id: anyText, source: fc.constant('automation_v2' as const), automation_v2_run_id: anyText, run_id: anyText, node_id: anyText, gate_opening_id: anyText }),
}, { requiredKeys: ['title', 'body_markdown', 'fields', 'status', 'actions', 'thread_key', 'correlation'] });
const anyNotice: fc.Arbitrary<NoticeCard> = fc.record({
  kind: fc.constant('notice' as const), title: anyText, body_markdown: anyText, tone: fc.constantFrom('info', 'warning', 'bad', 'good'), fields, page_url: url, items: fc.array(fc.record({ text: anyText, page_url: url }, { requiredKeys: ['text'] }), { maxLength: 60 }),
}, { requiredKeys: ['kind', 'title', 'body_markdown', 'tone', 'fields', 'items'] });

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
    }), { numRuns: 150 });
  });

  it('limits: any notice or digest becomes a message that Slack takes', () => {
    fc.assert(fc.property(anyNotice, (notice) => expectSafe(renderNotice(notice))), { numRuns: 150 });
  });

  it('limits: any text becomes a form that Slack takes', () => {
    fc.assert(fc.property(anyText, (text) => {
      expect(checkView(JSON.parse(JSON.stringify(reasonModal({ decision: 'rework', token }, text))))).toEqual([]);
      expect(checkView(JSON.parse(JSON.stringify(toldModal(text))))).toEqual([]);
    }), { numRuns: 200 });
  });

  it('escaping: markup of data is shown as it was written', () => {
    const { text, blocks } = renderCard({ ...pendingCard, title: 'Pay <!channel> & *all*', body_markdown: '<https://evil.example|Approve> @here :tada:' }, token);
    expect(text).toBe('Pay &lt;!channel&gt; &amp; *all*: waiting for a signature');
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
    for (const decision of ['approve', 'rework', 'cancel'] as const) expect(readButtonValue(buttonValue({ decision, token }))).toEqual({ decision, token });
    for (const value of ['', 'tdm:approve', 'tdm:approve:', 'tdm:approve:short', `tdm:expired:${token}`, `tdm:approve:${token}~`, `tdm:approve:${token.toUpperCase()}`, `tdm:approve:${token}\n`, '{"action_id":"approve","requires_reason":false}', 'tdm:approve:run-1:node']) expect(readButtonValue(value)).toBeUndefined();
    const values = JSON.stringify(renderCard(pendingCard, token).blocks).match(/"value":"[^"]*"/g);
    expect(values).toEqual([`"value":"tdm:approve:${token}"`, `"value":"tdm:rework:${token}"`, `"value":"tdm:cancel:${token}"`]);
  });

  it('edit clears buttons: a card that asks no more has nothing to press', () => {
    fc.assert(fc.property(anyCard, (card) => {
      const { blocks } = renderCard({ ...card, status: 'closed' }, token);
      expect(JSON.stringify(blocks)).not.toContain('"button"');
      expect(JSON.stringify(blocks)).not.toContain(token);
    }), { numRuns: 100 });
  });

  it('modal shape: one input for the reason, and the button’s payload', () => {
    expectGolden('modal-rework', reasonModal({ decision: 'rework', token }, 'Send back: refund-order: Refund 120.00 EUR to Ada & Sons'));
  });

  it.each(Object.entries(sampleCards))('golden card: %s', (state, card) => {
    expectGolden(`card-${state}`, { ...renderCard(card, token), ...(state === 'pending' ? {} : { reply: renderCardReply(card) }) });
  });

  it.each(Object.entries(sampleNotices))('golden notice: %s', (name, notice) => {
    expectGolden(`notice-${name}`, renderNotice(notice));
  });

  it('the preview shows every text of a card as text', () => {
    const html = slackBlocksHtml(renderCard({ ...pendingCard, body_markdown: '<script>alert(1)</script>' }, token).blocks);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toContain('<script>');
  });
});
