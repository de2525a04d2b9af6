import { messageProblems, modalProblems } from './discord-limits.js';

const button = (change: object = {}) => ({ type: 2, style: 3, label: 'Approve', custom_id: 'a', ...change });
const rows = (...rowsOfButtons: object[][]) => ({ components: rowsOfButtons.map((components) => ({ type: 1, components })) });
const field = { name: 'n', value: 'v' };
const paths = (body: unknown): readonly string[] => messageProblems(body).map(({ path }) => path);

describe('messages as the double of Discord takes them', () => {
  it('takes what is exactly at the limits', () => {
    expect(paths({ content: 'x'.repeat(2000), nonce: 'n'.repeat(25), embeds: [{ title: 't'.repeat(256), description: 'd'.repeat(4096), fields: [{ name: 'n'.repeat(256), value: 'v'.repeat(1024) }] }] })).toEqual([]);
    expect(paths({ embeds: [{ fields: Array.from({ length: 25 }, () => field), color: 0xffffff, timestamp: '2026-11-27T10:00:00.000Z' }] })).toEqual([]);
    expect(paths(rows(...Array.from({ length: 5 }, (_, row) => Array.from({ length: 5 }, (_none, index) => button({ label: 'l'.repeat(80), custom_id: `${row}${index}`.padEnd(100, 'c') })))))).toEqual([]);
  });

  it.each([
    ['a long content', { content: 'x'.repeat(2001) }, 'content'], ['a long nonce', { nonce: 'n'.repeat(26) }, 'nonce'],
    ['a long title', { embeds: [{ title: 't'.repeat(257) }] }, 'embeds.0.title'], ['a long description', { embeds: [{ description: 'd'.repeat(4097) }] }, 'embeds.0.description'],
    ['too many fields', { embeds: [{ fields: Array.from({ length: 26 }, () => field) }] }, 'embeds.0.fields'], ['a field without a value', { embeds: [{ fields: [{ name: 'n', value: ' ' }] }] }, 'embeds.0.fields.0.value'],
    ['a long field', { embeds: [{ fields: [{ name: 'n', value: 'v'.repeat(1025) }] }] }, 'embeds.0.fields.0.value'], ['a colour that is none', { embeds: [{ color: 0x1000000 }] }, 'embeds.0.color'],
    ['embeds of 6001 characters', { embeds: [{ title: 't', description: 'd'.repeat(4000), fields: [{ name: 'n'.repeat(200), value: 'v'.repeat(1000) }, { name: 'n'.repeat(200), value: 'v'.repeat(600) }] }] }, 'embeds'],
    ['a link to this machine', { embeds: [{ url: 'http://localhost/x' }] }, 'embeds.0.url'], ['a time that is none', { embeds: [{ timestamp: 'soon' }] }, 'embeds.0.timestamp'], ['half a character', { content: '\ud800' }, 'content'],
    ['six buttons in a row', rows(Array.from({ length: 6 }, (_, index) => button({ custom_id: String(index) }))), 'components.0.components'], ['an empty row', rows([]), 'components.0.components'],
    ['six rows', rows(...Array.from({ length: 6 }, (_, index) => [button({ custom_id: String(index) })])), 'components'], ['the same button twice', rows([button(), button()]), 'components'],
    ['a long custom_id', rows([button({ custom_id: 'c'.repeat(101) })]), 'components.0.components.0.custom_id'], ['a button without a label', rows([button({ label: '' })]), 'components.0.components.0.label'],
    ['a link that decides', rows([button({ style: 5, url: 'https://x.example' })]), 'components.0.components.0.custom_id'], ['a style that is none', rows([button({ style: 9 })]), 'components.0.components.0.style'],
  ])('refuses %s', (_, body, path) => {
    expect(paths(body)).toEqual([path]);
  });

  it('refuses a modal that is too long, or asks nothing', () => {
    const input = { type: 4, custom_id: 'reason', style: 2, label: 'Reason', max_length: 4000 };
    const modal = { title: 'Reason', custom_id: 'c', components: [{ type: 1, components: [input] }] };
    expect(modalProblems(modal)).toEqual([]);
    expect(modalProblems({ ...modal, title: 't'.repeat(46) }).map(({ path }) => path)).toEqual(['title']);
    expect(modalProblems({ ...modal, components: [] }).map(({ path }) => path)).toEqual(['components']);
    expect(modalProblems({ ...modal, components: [{ type: 1, components: [{ ...input, max_length: 4001 }] }] }).map(({ path }) => path)).toEqual(['components.0.max_length']);
  });
});
