import { teamsCardHtml, teamsProblem } from '@cs/testing/doubles';
import type { Card, NoticeCard, QuestionCard } from '@cs/notification';
import fc from 'fast-check';
import { anyCard, anyNotice, anyQuestion } from '../chat/any-text.fixture.js';
import { viewOf, type CardView } from '../chat/card-view.js';
import { everyNotice, everyQuestion, everyUnchangedCard, openCard, requestOf } from '../chat/cards.fixture.js';
import { expectGolden } from '../chat/golden.fixture.js';
import { renderTeams, teamsMessage } from './teams-card.js';

const view = (card: Card | NoticeCard | QuestionCard, notice: Parameters<typeof requestOf>[1] = 'gate_opened'): CardView => {
  const shown = viewOf(requestOf(card, notice));
  if (shown === undefined) throw new Error('the card cannot be read');
  return shown;
};

describe('Channels: card rendering of Teams', () => {
  it('limits: any card or notice becomes a message of less than 28 KB that Teams takes', () => {
    fc.assert(fc.property(fc.oneof(anyCard, anyNotice, anyQuestion), (card) => {
      expect(teamsProblem(Buffer.from(teamsMessage(view(card))))).toBeUndefined();
    }), { numRuns: 200 });
  });

  it('escaping: data stands in text runs, which know no markup, and decides nothing', () => {
    const card = renderTeams(view({ ...openCard, title: '[Approve](https://evil.example) **now**' }));
    expect(card.body[0]).toEqual({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: '[Approve](https://evil.example) **now**', weight: 'Bolder', size: 'Large', color: 'Warning' }] });
    expect(card.actions).toEqual([{ type: 'Action.OpenUrl', title: 'Open, and decide there', url: openCard.page_url }]);
    expect(teamsCardHtml({ ...renderTeams(view({ ...openCard, title: '<script>' })) })).not.toContain('<script>');
  });

  it('leaves out a page that is no web address', () => {
    expect(renderTeams(view({ ...openCard, page_url: 'javascript:alert(1)' })).actions).toEqual([]);
  });

  it.each([...[...Object.entries(everyUnchangedCard), ...Object.entries(everyQuestion)].map(([state, { card, notice }]) => [state, card, notice] as const), ...Object.entries(everyNotice).map(([name, notice]) => [name, notice, 'test'] as const)])('golden card: %s', (name, card, notice) => {
    expectGolden(`teams/${name}.json`, `${JSON.stringify(renderTeams(view(card, notice)), null, 2)}\n`);
  });
});
