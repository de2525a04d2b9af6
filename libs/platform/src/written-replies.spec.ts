import { describe, expect, it } from '@jest/globals';
import { JsonText } from '@cs/kernel';
import fc from 'fast-check';
import { PacketSerializer, ReplyDeserializer, WrittenValue } from './written-replies.js';

interface Packet {
  readonly response: { readonly ok: boolean; readonly value?: unknown };
  readonly isDisposed: boolean;
}

const serializer = new PacketSerializer();
const sent = (response: unknown): Uint8Array => Buffer.from(serializer.serialize({ response, isDisposed: true, id: 'one' }).data);
const received = (response: unknown): Packet => {
  const data = sent(response);
  return new ReplyDeserializer().deserialize({ data, json: () => JSON.parse(Buffer.from(data).toString()) as unknown }) as Packet;
};
const written = (value: unknown): JsonText => new JsonText(JSON.stringify(value));
const readOf = ({ response: { value } }: Packet): unknown => (value instanceof WrittenValue ? value.read() : 'not written');

describe('a reply whose value is written already', () => {
  it('given any value, arrives as the bytes that were written, and reads as the value', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const packet = received({ ok: true, value: written(value) });
      expect(packet.isDisposed).toBe(true);
      expect(packet.response.ok).toBe(true);
      expect(readOf(packet)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(packet.response.value instanceof WrittenValue && Buffer.from(packet.response.value.bytes).toString()).toBe(JSON.stringify(value));
    }));
  });

  it('is JSON that a caller reads who does not know of it', () => {
    expect(JSON.parse(Buffer.from(sent({ ok: true, value: written({ name: 'Zoë "the" one' }) })).toString())).toEqual({ response: { ok: true, value: { name: 'Zoë "the" one' } }, isDisposed: true });
  });
});

describe('a reply that is too large for a message', () => {
  const holds = 8 * 1024 * 1024;
  const around = Buffer.byteLength('{"response":{"ok":true,"value":""},"isDisposed":true,"id":"one"}');

  it('is as large as a message at most, counted in bytes; one more byte, and it is a refusal', () => {
    expect(received({ ok: true, value: 'x'.repeat(holds - around) })).toMatchObject({ response: { ok: true } });
    expect(received({ ok: true, value: 'x'.repeat(holds - around + 1) })).toMatchObject({ response: { ok: false, refusal: { code: 'ANSWER_TOO_LARGE', details: { bytes: holds + 1, max_bytes: holds } } }, isDisposed: true });
    expect(received({ ok: true, value: written('ü'.repeat(holds / 2)) })).toMatchObject({ response: { ok: false, refusal: { code: 'ANSWER_TOO_LARGE' } }, isDisposed: true });
  });

  it('leaves a request as it is', () => {
    const pattern = 'x'.repeat(holds);
    expect(serializer.serialize({ pattern, data: 1 }).data.length).toBeGreaterThan(holds);
  });
});

describe('a reply that says more, or whose value is not written', () => {
  it.each([
    ['a value', { ok: true, value: { isDisposed: true, response: { ok: true, value: 1 } } }], ['a refusal', { ok: false, refusal: { code: 'INTERNAL', message: 'm' } }],
    ['a position', { ok: true, value: 1, position: 7 }], ['nothing', { ok: true }],
  ])('arrives read: %s', (_name, response) => {
    expect(received(response)).toMatchObject({ response, isDisposed: true });
  });

  it('keeps its position beside a written value', () => {
    expect(received({ ok: true, value: written([1]), position: 7 })).toMatchObject({ response: { ok: true, value: [1], position: 7 } });
  });
});
