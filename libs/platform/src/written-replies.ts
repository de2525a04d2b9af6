import { maxPayloadBytes, type ErrorCode, type RpcReply } from '@cs/contracts';
import { JsonText } from '@cs/kernel';
import { NatsResponseJSONDeserializer, type ConsumerSerializer, type OutgoingResponse, type ReadPacket } from '@nestjs/microservices';

/*
 * A reply whose value is already JSON is written around it, and its caller finds the value without reading
 * it. The whole is the JSON that every caller understands; no other reply begins like this.
 */
const before = '{"isDisposed":true,"response":{"ok":true,"value":';
const after = '}}';
const beforeBytes = Buffer.from(before);

/** The value of a reply, in UTF-8, as the answering service wrote it. */
export class WrittenValue {
  constructor(readonly bytes: Uint8Array) {}

  read(): unknown {
    return JSON.parse(Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength).toString('utf8'));
  }
}

/** The text of a reply that has nothing but its value to say. */
const textOf = (response: unknown): string | undefined => {
  if (typeof response !== 'object' || response === null || !('value' in response) || 'position' in response) return undefined;
  return response.value instanceof JsonText ? response.value.text : undefined;
};

const tooLarge = (bytes: number): RpcReply<never> => ({
  ok: false,
  refusal: { code: 'ANSWER_TOO_LARGE' satisfies ErrorCode, message: `the answer is ${bytes} bytes long, and services send one another ${maxPayloadBytes} at most; ask for less`, details: { bytes, max_bytes: maxPayloadBytes } },
});

const replyText = (packet: OutgoingResponse): string => {
  const text = textOf(packet.response);
  return text === undefined ? JSON.stringify(packet) : `${before}${text}${after}`;
};

/**
 * Writes packets for the broker. A reply needs no id: each call listens to a subject of its own. The broker takes no
 * message that is too large, and says so to nobody who waits: such a reply becomes a refusal.
 */
export class PacketSerializer implements ConsumerSerializer {
  serialize(packet: OutgoingResponse | ReadPacket): { readonly data: string } {
    if (!('response' in packet)) return { data: JSON.stringify(packet) };
    const data = replyText(packet);
    const bytes = Buffer.byteLength(data);
    return { data: bytes <= maxPayloadBytes ? data : replyText({ ...packet, response: tooLarge(bytes) }) };
  }
}

interface ReplyMessage {
  readonly data: Uint8Array;
  json(): unknown;
}

const isWritten = ({ data }: ReplyMessage): boolean => data.length > beforeBytes.length && beforeBytes.equals(data.subarray(0, beforeBytes.length));

/** Reads replies, but for values that were written as they are: those stay bytes. */
export class ReplyDeserializer extends NatsResponseJSONDeserializer {
  override deserialize(message: ReplyMessage, options?: Record<string, unknown>): ReturnType<NatsResponseJSONDeserializer['deserialize']> {
    if (!isWritten(message)) return super.deserialize(message, options);
    const response = { ok: true, value: new WrittenValue(message.data.subarray(beforeBytes.length, message.data.length - after.length)) };
    return { id: '', response, isDisposed: true };
  }
}
