/** One operation of a NATS client, with the bytes it came in. */
export interface NatsFrame {
  readonly bytes: Buffer;
  /** Of a publish only. */
  readonly subject?: string;
  readonly payload?: string;
}

const endOfLine = Buffer.from('\r\n');

/** Size of what follows a publish's line, without its line end; `undefined` for any other line. */
const publishOf = (line: string): { readonly subject: string; readonly size: number; readonly headerSize: number } | undefined => {
  const [operation = '', subject = '', ...rest] = line.split(/[ \t]+/);
  const verb = operation.toUpperCase();
  if (verb !== 'PUB' && verb !== 'HPUB') return undefined;
  const size = Number(rest.at(-1));
  return { subject, size, headerSize: verb === 'HPUB' ? Number(rest.at(-2)) : 0 };
};

/** Splits what a client sends (docs.nats.io, "NATS client protocol") into its operations. */
export class NatsFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** The operations that are whole with these bytes. */
  read(bytes: Buffer): readonly NatsFrame[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: NatsFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): NatsFrame | undefined {
    const at = this.#rest.indexOf(endOfLine);
    if (at < 0) return undefined;
    const lineEnd = at + endOfLine.length;
    const publish = publishOf(this.#rest.toString('latin1', 0, at));
    if (publish === undefined) return { bytes: this.#take(lineEnd) };
    const end = lineEnd + publish.size + endOfLine.length;
    if (this.#rest.length < end) return undefined;
    const payload = this.#rest.toString('utf8', lineEnd + publish.headerSize, lineEnd + publish.size);
    return { bytes: this.#take(end), subject: publish.subject, payload };
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}
