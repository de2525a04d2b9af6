import { narrowScope } from './narrow-scope.js';

const scope = { input: { orders: [1, 2] }, nodes: {}, item: { id: 1 }, index: 0 };

describe('the scope of an expression', () => {
  it.each([
    ['$string(item.id) & "x"', ['item']],
    ['$map(input.orders, function($o) { $o + index })', ['input', 'index']],
    ['"no member"', []],
  ])('has only what it names: %s', (expression, members) => {
    expect(Object.keys(narrowScope(expression, scope))).toEqual(members);
  });

  it.each(['*', '**.id', '$keys($)', '$lookup($$, "in" & "put")', '$string()', '$keys( )', '(item; $)', 'item.%.input'])('is whole where it may be read without its names: %s', (expression) => {
    expect(narrowScope(expression, scope)).toBe(scope);
  });
});
