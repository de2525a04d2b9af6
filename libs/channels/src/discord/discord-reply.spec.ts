import { anyText } from '../chat/any-text.fixture.js';
import { cardToken, openCard } from '../chat/cards.fixture.js';
import { expectGolden } from '../chat/golden.fixture.js';
import fc from 'fast-check';
import { answerDiscord } from './discord-reply.js';

const pressed = { interaction_key: 'k', user: { user_id: '2001' }, action: { kind: 'press' as const, decision: 'rework' as const, token: cardToken }, handle: { origin: 'component', on_message: true } };
const asking = (title: string) => ({ kind: 'ask_reason' as const, decision: 'rework' as const, token: cardToken, title });

interface Form {
  readonly type: number;
  readonly data: { readonly title: string; readonly custom_id: string; readonly components: { readonly components: { readonly label: string }[] }[] };
}
const formOf = (title: string): Form => JSON.parse(answerDiscord(pressed, asking(title)).body) as Form;

describe('Channels: the question for a reason in Discord', () => {
  it('modal shape: is as in its golden file', () => {
    expectGolden('discord/reason-form.json', `${JSON.stringify(formOf(`Send back: ${openCard.title}`), null, 2)}\n`);
  });

  // https://discord.com/developers/docs/components/reference: title 45, custom_id 100, label 45.
  it('modal shape: keeps the limits of a form for every title', () => {
    fc.assert(fc.property(anyText, (title) => {
      const { type, data } = formOf(title);
      expect(type).toBe(9);
      expect(data.title.length).toBeGreaterThan(0);
      expect(data.title.length).toBeLessThanOrEqual(45);
      expect(data.custom_id.length).toBeLessThanOrEqual(100);
      for (const { components } of data.components) for (const { label } of components) expect(label.length).toBeLessThanOrEqual(45);
    }), { numRuns: 100 });
  });

  it('is no form after a form, which Discord does not take', () => {
    expect(JSON.parse(answerDiscord({ ...pressed, handle: { origin: 'modal', on_message: true } }, asking('Why?')).body)).toMatchObject({ type: 4, data: { content: 'Why?', flags: 64 } });
  });
});
