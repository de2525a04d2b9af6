type ElementType = 'text' | 'bigint';
const oids: Readonly<Record<ElementType, number>> = { text: 25, bigint: 20 };
const twoTo32 = 2 ** 32;
const lastAscii = 0x7f;
/** A call into the runtime costs more than the characters of a text as short as an id. */
const shortText = 48;

/**
 * Writes arrays as PostgreSQL's binary parameters (array_recv in the server's source): no quoting on
 * this side and no parsing on the other. All arrays of a statement share one growing buffer.
 */
export class ArrayParameters {
  #buffer = Buffer.allocUnsafe(256 * 1024);
  #length = 0;
  readonly #arrays: { readonly start: number; readonly end: number }[] = [];

  addTexts<Row>(rows: readonly Row[], read: (row: Row) => string | null): void {
    const start = this.#begin('text', rows.length);
    for (const row of rows) {
      const value = read(row);
      if (value === null) this.#writeNull(start);
      else this.#writeText(value);
    }
    this.#end(start);
  }

  /** Safe integers. */
  addBigints<Row>(rows: readonly Row[], read: (row: Row) => number | null): void {
    const start = this.#begin('bigint', rows.length);
    for (const row of rows) {
      const value = read(row);
      if (value === null) this.#writeNull(start);
      else this.#writeBigint(value);
    }
    this.#end(start);
  }

  /** The parameters, in the order in which they were added. */
  all(): readonly Buffer[] {
    return this.#arrays.map(({ start, end }) => this.#buffer.subarray(start, end));
  }

  #begin(type: ElementType, length: number): number {
    const start = this.#length;
    this.#writeInt(length === 0 ? 0 : 1);
    this.#writeInt(0);
    this.#writeInt(oids[type]);
    if (length > 0) {
      this.#writeInt(length);
      this.#writeInt(1);
    }
    return start;
  }

  #end(start: number): void {
    this.#arrays.push({ start, end: this.#length });
  }

  #writeNull(start: number): void {
    // The header says whether there are nulls.
    this.#buffer.writeInt32BE(1, start + 4);
    this.#writeInt(-1);
  }

  #writeText(value: string): void {
    if (value.length > shortText || !this.#writeShort(value)) this.#writeAny(value);
  }

  /** Answers false, and has written nothing, when the text is not plain ASCII. */
  #writeShort(value: string): boolean {
    this.#reserve(4 + value.length);
    const first = this.#length + 4;
    for (let index = 0; index < value.length; index += 1) {
      const code = value.charCodeAt(index);
      if (code === 0 || code > lastAscii) return false;
      this.#buffer[first + index] = code;
    }
    this.#writeInt(value.length);
    this.#length += value.length;
    return true;
  }

  #writeAny(value: string): void {
    // PostgreSQL's text has no NUL.
    const text = value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
    this.#reserve(4 + text.length * 3);
    const written = this.#buffer.write(text, this.#length + 4, 'utf8');
    this.#buffer.writeInt32BE(written, this.#length);
    this.#length += 4 + written;
  }

  #writeBigint(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`Not a safe integer: ${value}`);
    this.#writeInt(8);
    this.#writeInt(Math.floor(value / twoTo32));
    this.#writeInt(value | 0);
  }

  #writeInt(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}
