import fc from 'fast-check';
import type { Card, NoticeCard, QuestionCard } from '@cs/notification';
import { anyCard, anyNotice, anyQuestion } from '../chat/any-text.fixture.js';
import { viewOf } from '../chat/card-view.js';
import { everyNotice, everyQuestion, everyUnchangedCard, openCard, requestOf } from '../chat/cards.fixture.js';
import { expectGolden } from '../chat/golden.fixture.js';
import { emailLimits, mailLink, renderEmail, type EmailContent } from './email-card.js';

const render = (card: Card | NoticeCard | QuestionCard, notice: Parameters<typeof requestOf>[1] = 'gate_opened'): EmailContent => {
  const view = viewOf(requestOf(card, notice));
  if (view === undefined) throw new Error('the card cannot be read');
  return renderEmail(view);
};
const golden = ({ subject, text, html }: EmailContent): string => `${JSON.stringify({ subject, text: text.split('\n'), html: html.split('\n') }, null, 2)}\n`;
const links = (html: string): readonly string[] => [...html.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link);
const tags = (html: string): ReadonlySet<string> => new Set([...html.matchAll(/<([a-z0-9!/]+)/gi)].map(([, tag = '']) => tag.replace('/', '').toLowerCase()));
const ours: ReadonlySet<string> = new Set(['!doctype', 'html', 'head', 'meta', 'title', 'body', 'div', 'p', 'h1', 'br', 'a', 'ul', 'li', 'table', 'tr', 'td']);

describe('Channels: card rendering of e-mail', () => {
  it.each(Object.entries(everyUnchangedCard))('is as in its golden file: %s', (state, { notice, card }) => {
    expectGolden(`email/${state}.json`, golden(render(card, notice)));
  });

  it.each(Object.entries(everyQuestion))('is as in its golden file, as a question: %s', (state, { notice, card }) => {
    expectGolden(`email/${state}.json`, golden(render(card, notice)));
  });

  it.each(Object.entries(everyNotice))('is as in its golden file, as a notice: %s', (name, notice) => {
    expectGolden(`email/${name}.json`, golden(render(notice)));
  });

  it.each([...Object.entries(everyUnchangedCard), ...Object.entries(everyQuestion)])('no buttons: has one link, to the page, and none that decides: %s', (_, { notice, card }) => {
    const { html, text } = render(card, notice);
    expect(links(html)).toEqual([card.page_url]);
    expect(text.split(card.page_url ?? '?')).toHaveLength(2);
    expect(html + text).not.toMatch(/tdm:|token|decision=/);
  });

  it('limits and escaping: has no element but its own, for any text: no script, no picture, no form, no event, nothing that is loaded', () => {
    fc.assert(fc.property(fc.oneof(anyCard, anyNotice, anyQuestion), (card) => {
      const { html, subject } = render(card);
      expect([...tags(html)].filter((tag) => !ours.has(tag))).toEqual([]);
      expect(html).not.toMatch(/<[^>]*\s(on\w+|src|srcset|action|background)=/i);
      expect(links(html).filter((link) => !/^https?:\/\//.test(link))).toEqual([]);
      expect(subject.length).toBeLessThanOrEqual(emailLimits.subject);
      expect(subject).not.toMatch(/\p{Cc}/u);
    }), { numRuns: 60 });
  });

  it('escaping: shows markup of data as it was said', () => {
    const evil = '<img src=x onerror=alert(1)>"><script>1</script><a href="https://evil.example">click</a>';
    const { html, text } = render({ ...openCard, title: evil, body_markdown: evil, attention: evil, fields: [{ label: evil, value: evil }] });
    expect(links(html)).toEqual([openCard.page_url]);
    expect(html).toContain('&lt;script&gt;1&lt;/script&gt;');
    expect(text).toContain(evil);
  });
});

describe('Channels: the page that a mail leads to', () => {
  it.each([
    ['https://countersign.example.com/inbox/o1', true], ['http://127.0.0.1:4400/inbox/o1', true], ['javascript:alert(1)', false], ['data:text/html,x', false], ['https://ada@example.com/', false], ['https://example.com/\r\nBcc: x', true], ['nothing', false], [undefined, false], [`https://example.com/${'x'.repeat(2_000)}`, false],
  ])('%s is a link: %s', (url, isLink) => {
    const link = mailLink(url);
    expect(link !== undefined).toBe(isLink);
    expect(link ?? '').not.toMatch(/[\s<>"]/);
  });
});
