import { checkMessageBlocks, checkView } from './slack-block-check.js';

const plain = (text: string) => ({ type: 'plain_text', text });
const button = (change: Readonly<Record<string, unknown>> = {}) => ({ type: 'button', text: plain('Approve'), action_id: 'a', value: 'v', ...change });
const actions = (...elements: unknown[]) => [{ type: 'actions', elements }];
const section = { type: 'section', text: plain('x') };

describe('what Slack refuses in blocks', () => {
  it('takes what is right', () => {
    expect(checkMessageBlocks([{ type: 'header', text: plain('x'.repeat(150)) }, section, { type: 'divider' }, { type: 'context', elements: [{ type: 'mrkdwn', text: '*x*', verbatim: true }] }, ...actions(button(), button({ action_id: 'b', style: 'danger' }))])).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['no list', {}], ['more than 50 blocks', new Array(51).fill({ type: 'divider' })], ['an unknown block', [{ type: 'carousel' }]], ['an empty text', [{ type: 'section', text: plain('') }]],
    ['a long header', [{ type: 'header', text: plain('x'.repeat(151)) }]], ['a formatted header', [{ type: 'header', text: { type: 'mrkdwn', text: 'x' } }]], ['a long section', [{ type: 'section', text: plain('x'.repeat(3_001)) }]],
    ['a section of nothing', [{ type: 'section' }]], ['eleven fields', [{ type: 'section', fields: new Array(11).fill(plain('x')) }]], ['a long field', [{ type: 'section', fields: [plain('x'.repeat(2_001))] }]],
    ['half a character', [{ type: 'section', text: plain('\ud800') }]], ['26 buttons', actions(...new Array(26).fill(0).map((_, index) => button({ action_id: `a${index}` })))], ['no buttons', actions()],
    ['two buttons of one id', actions(button(), button())], ['a long value', actions(button({ value: 'x'.repeat(2_001) }))], ['a long id', actions(button({ action_id: 'x'.repeat(256) }))], ['a style of our own', actions(button({ style: 'default' }))],
    ['a member that is not known', actions(button({ colour: 'red' }))], ['a long confirmation', actions(button({ confirm: { title: plain('x'.repeat(101)), text: plain('x'), confirm: plain('x'), deny: plain('x') } }))], ['no address', actions(button({ url: 'here' }))],
    ['one block id twice', [{ ...section, block_id: 'b' }, { ...section, block_id: 'b' }]], ['an input in a message', [{ type: 'input', label: plain('x'), element: { type: 'plain_text_input' } }]],
  ])('refuses %s', (_what, blocks) => {
    expect(checkMessageBlocks(blocks)).not.toEqual([]);
  });

  it('refuses a modal with a long title, long private metadata, or an input and nothing to send it with', () => {
    const input = { type: 'input', block_id: 'i', label: plain('Why?'), element: { type: 'plain_text_input', action_id: 'r', max_length: 3_000 } };
    const view = { type: 'modal', title: plain('Why?'), submit: plain('Send'), blocks: [input] };
    expect(checkView(view)).toEqual([]);
    for (const bad of [{ title: plain('x'.repeat(25)) }, { private_metadata: 'x'.repeat(3_001) }, { submit: undefined }, { blocks: [{ ...input, element: { ...input.element, max_length: 3_001 } }] }, { type: 'home' }, { callback_id: '' }]) expect(checkView({ ...view, ...bad })).not.toEqual([]);
  });
});
