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

/** Writes packets for the broker. A reply needs no id: each call listens to a subject of its own. */
export class PacketSerializer implements ConsumerSerializer {
  serialize(packet: OutgoingResponse | ReadPacket): { readonly data: string } {
    const text = textOf('response' in packet ? packet.response : undefined);
    return { data: text === undefined ? JSON.stringify(packet) : `${before}${text}${after}` };
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
