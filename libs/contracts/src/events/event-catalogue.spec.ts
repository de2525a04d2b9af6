import { z } from 'zod';
import { eventCatalogue, isAggregateName } from './catalogue.js';
import { defineEvents, upcastEvent } from './event-catalogue.js';

/** Three versions of one event: `label` became `name`, then a currency was added. */
const sold = {
  version: 3,
  summary: 'Something was sold.',
  data: z.object({ name: z.string(), currency: z.string() }),
  upcast: {
    1: (data: unknown) => ({ name: (data as { label: string }).label }),
    2: (data: unknown) => ({ ...(data as { name: string }), currency: 'EUR' }),
  },
};
const table = defineEvents({ sold, closed: { version: 1, summary: 'The shop closed.', data: z.object({}) } });

describe('reading recorded events', () => {
  it('brings every older version to today through all versions in between', () => {
    expect(upcastEvent(table, 'sold', { version: 1, data: { label: 'tea' } })).toEqual({ name: 'tea', currency: 'EUR' });
    expect(upcastEvent(table, 'sold', { version: 2, data: { name: 'tea' } })).toEqual({ name: 'tea', currency: 'EUR' });
    expect(upcastEvent(table, 'sold', { version: 3, data: { name: 'tea', currency: 'CHF' } })).toEqual({ name: 'tea', currency: 'CHF' });
  });

  it('leaves out members that today\'s version does not have', () => {
    expect(upcastEvent(table, 'closed', { version: 1, data: { by: 'ada' } })).toEqual({});
  });

  it('refuses what a newer release wrote, what nobody knows, and what is not of its version', () => {
    expect(() => upcastEvent(table, 'sold', { version: 4, data: {} })).toThrow('"sold" version 4 was written by a newer release (this one reads up to 3)');
    expect(() => upcastEvent(table, 'bought', { version: 1, data: {} })).toThrow('unknown event type "bought"');
    expect(() => upcastEvent(table, 'sold', { version: 3, data: { name: 5 } })).toThrow(/"sold" version 3: name: .*; currency: /);
  });

  it('reports an older version that its up-cast leads to something wrong by the version that was recorded', () => {
    expect(() => upcastEvent(table, 'sold', { version: 1, data: {} })).toThrow(/"sold" version 1: name: /);
  });
});

describe('defining events', () => {
  const { data, summary } = sold;

  it.each([1, 2])('refuses a gap: no up-cast from version %d', (missing) => {
    const upcast = Object.fromEntries(Object.entries(sold.upcast).filter(([from]) => Number(from) !== missing));
    expect(() => defineEvents({ sold: { version: 3, data, summary, upcast } })).toThrow(`sold: no up-cast from version ${missing}`);
  });

  it('refuses a later version without any up-cast, and takes a first version without', () => {
    expect(() => defineEvents({ sold: { version: 2, data, summary } })).toThrow('sold: no up-cast from version 1');
    expect(() => defineEvents({ sold: { version: 1, data, summary } })).not.toThrow();
  });
});

describe('the catalogue', () => {
  it('names event types once, in one spelling, with a summary that is a sentence', () => {
    const entries = Object.values(eventCatalogue).flatMap((events) => Object.entries<{ readonly summary: string }>(events));
    expect(new Set(entries.map(([type]) => type)).size).toBe(entries.length);
    for (const [type, { summary }] of entries) {
      expect(type).toMatch(/^[a-z][a-z_]*$/);
      expect(summary).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('knows its aggregates, and nothing that every object has', () => {
    expect(isAggregateName('run')).toBe(true);
    for (const name of ['toString', 'constructor', '__proto__', 'runs', '']) expect(isAggregateName(name)).toBe(false);
  });
});
