import { z } from 'zod';

/** A whole number in a query. Limits out of range are clamped by the service that answers. */
export const integerText = z
  .string({ error: 'expected one whole number' })
  .regex(/^-?\d{1,9}$/, 'expected a whole number')
  .transform(Number)
  .meta({ type: 'integer' });

/** A sequence or position in a query: not negative. */
export const sequenceText = z
  .string({ error: 'expected one whole number that is not negative' })
  .regex(/^\d{1,15}$/, 'expected a whole number that is not negative')
  .transform(Number)
  .meta({ type: 'integer' });

export const booleanText = z.enum(['true', 'false'], 'expected "true" or "false"').transform((text) => text === 'true');

/** A word in a query, given once. */
export const wordText = (max: number) => z.string({ error: 'expected one value' }).min(1, 'expected a value').max(max, `expected at most ${max} characters`);

/** The same where nothing is a value too: that filters nothing. */
export const filterText = (max: number) => z.string({ error: 'expected one value' }).max(max, `expected at most ${max} characters`);

export const pageQuery = {
  limit: integerText.optional().describe('Items of a page; out of range is clamped'),
  cursor: wordText(400).optional().describe('`next_cursor` of the page before'),
};
