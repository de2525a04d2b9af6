import { readTraceparent, writeTraceparent } from './traceparent.js';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

describe('a traceparent', () => {
  it('is read and written as W3C Trace Context has it', () => {
    expect(readTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, isSampled: true });
    expect(readTraceparent(`00-${traceId}-${spanId}-02`)).toEqual({ traceId, spanId, isSampled: false });
    expect(writeTraceparent({ traceId, spanId, isSampled: true })).toBe(`00-${traceId}-${spanId}-01`);
    expect(writeTraceparent({ traceId, spanId, isSampled: false })).toBe(`00-${traceId}-${spanId}-00`);
  });

  it('of a later version is read as far as it is known', () => {
    expect(readTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-says`)).toEqual({ traceId, spanId, isSampled: true });
  });

  it.each([
    undefined, 7, '', 'nonsense', `00-${traceId}-${spanId}`, `ff-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01-more`, `00-${traceId.toUpperCase()}-${spanId}-01`, `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`, ` 00-${traceId}-${spanId}-01`, `00-${traceId}-${spanId}-01\n`, `cc-${traceId}-${spanId}-01.`, `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`, `cc-${traceId}-${spanId}-01-${'x'.repeat(300)}`,
  ])('that is %p is none', (text) => {
    expect(readTraceparent(text)).toBeUndefined();
  });
});
