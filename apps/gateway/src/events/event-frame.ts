import { cloudEventHeaders } from '@cs/contracts';
import type { JsMsg } from '@nats-io/jetstream';
import type { EventId } from './event-id.js';
import { writeEventId } from './event-id.js';

const end = Buffer.from('\n\n');
const newline = 0x0a;

/** `data` of a server-sent event ends at a line break; JSON may hold some between its tokens, where a blank says the same. */
const oneLine = (data: Uint8Array): Uint8Array => (data.includes(newline) ? data.map((byte) => (byte === newline || byte === 0x0d ? 0x20 : byte)) : data);

const typeOf = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);

const idOf = ({ headers }: JsMsg): EventId | undefined => {
  const position = headers?.get(cloudEventHeaders.position);
  const index = headers?.get(cloudEventHeaders.index);
  return position && index ? { position: Number(position), index: Number(index) } : undefined;
};

/** Adds the bytes of one server-sent event. The body passes through as it was received. */
export const addFrame = (chunks: Uint8Array[], message: JsMsg): number => {
  const id = idOf(message);
  if (id === undefined) return 0;
  const head = Buffer.from(`id: ${writeEventId(id)}\nevent: ${typeOf(message.subject)}\ndata: `);
  const data = oneLine(message.data);
  chunks.push(head, data, end);
  return head.length + data.length + end.length;
};

export const heartbeat = Buffer.from(':\n\n');
/** First bytes of a stream: how long a client waits before it connects again. */
export const greeting = Buffer.from('retry: 2000\n\n');
/** Events were removed before the client came back. It has to read the state anew. */
export const gapNotice = Buffer.from('event: gap\ndata: {"reason":"events after the asked position are no longer kept"}\n\n');
