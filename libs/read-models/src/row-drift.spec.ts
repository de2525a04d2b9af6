import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from '@cs/kernel';
import { differencesBetween, rowDifferences } from './row-drift.js';

const json = fc.jsonValue() as fc.Arbitrary<Json>;

describe('differences between two values', () => {
  it('name each place by its JSON pointer, as deep as both sides have members', () => {
    expect(differencesBetween({ a: { 'b/c': 1, same: [1] }, gone: true }, { a: { 'b/c': 2, same: [1] }, new: null })).toEqual([
      { path: '/a/b~1c', projected: 1, replayed: 2 }, { path: '/gone', projected: true, replayed: undefined }, { path: '/new', projected: undefined, replayed: null },
    ]);
  });

  it('are none exactly when both are the same, whatever the order of their members', () => {
    fc.assert(fc.property(json, json, (one, other) => {
      expect(differencesBetween(one, other).length === 0).toBe(canonicalJson(one) === canonicalJson(other));
      expect(differencesBetween(one, one)).toEqual([]);
    }));
  });
});

describe('what a pair of rows says', () => {
  const key = ['run_id'];

  it('looks into documents, which stand in rows as text', () => {
    const [projected, replayed] = [{ run_id: 'r', record: '{"status":"failed","n":1}' }, { run_id: 'r', record: '{"n":1,"status":"completed"}' }];
    expect(rowDifferences({ table: 'runs', key, projected, replayed })).toEqual([{ table: 'runs', key: { run_id: 'r' }, kind: 'different', path: '/record/status', projected: 'failed', replayed: 'completed' }]);
  });

  it('takes documents that are equal in another order for the same', () => {
    expect(rowDifferences({ table: 'runs', key, projected: { run_id: 'r', record: '{"a":1,"b":2}' }, replayed: { run_id: 'r', record: '{"b":2,"a":1}' } })).toEqual([]);
  });

  it('names a row that is not there, and one that nothing leads to', () => {
    expect(rowDifferences({ table: 'gates', key, projected: null, replayed: { run_id: 'r' } })).toEqual([{ table: 'gates', key: { run_id: 'r' }, kind: 'missing', path: '' }]);
    expect(rowDifferences({ table: 'gates', key, projected: { run_id: 'r' }, replayed: null })).toEqual([{ table: 'gates', key: { run_id: 'r' }, kind: 'unexpected', path: '' }]);
  });

  it('shows a text that only looks like a document as it is', () => {
    expect(rowDifferences({ table: 'runs', key, projected: { run_id: 'r', reason: '{no json' }, replayed: { run_id: 'r', reason: 'x' } })).toEqual([
      { table: 'runs', key: { run_id: 'r' }, kind: 'different', path: '/reason', projected: '{no json', replayed: 'x' },
    ]);
  });
});
