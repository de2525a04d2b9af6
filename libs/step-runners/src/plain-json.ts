import type { Json } from '@cs/kernel';

/** A value that is not JSON, or too large: the message says which. */
export class NotPlainJsonError extends Error {
  override readonly name = 'NotPlainJsonError';
}

const maxDepth = 200;
const memberOverhead = 4;

const isFunction = (value: object): boolean => '_jsonata_lambda' in value || '_jsonata_function' in value;

function assertScalar(value: unknown): asserts value is string | number | boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') throw new NotPlainJsonError(`a ${typeof value} is no JSON value`);
  if (typeof value === 'number' && !Number.isFinite(value)) throw new NotPlainJsonError('the value is not a finite number');
}

class Copier {
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  copy(value: unknown, depth: number): Json | undefined {
    if (value === undefined || value === null) return value;
    if (typeof value === 'object') return this.#copyContainer(value, depth);
    assertScalar(value);
    this.#spend(memberOverhead + (typeof value === 'string' ? value.length : 0));
    return value;
  }

  #copyContainer(value: object, depth: number): Json {
    if (depth === maxDepth) throw new NotPlainJsonError(`the value is nested deeper than ${maxDepth} levels`);
    this.#spend(memberOverhead);
    if (Array.isArray(value)) return value.map((item) => this.copy(item, depth + 1) ?? null);
    if (isFunction(value)) throw new NotPlainJsonError('a function is no JSON value');
    const members: [string, Json][] = [];
    for (const [key, member] of Object.entries(value)) {
      const copied = this.copy(member, depth + 1);
      this.#spend(key.length);
      if (copied !== undefined) members.push([key, copied]);
    }
    return Object.fromEntries(members);
  }

  #spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.maxBytes) throw new NotPlainJsonError(`the value is larger than ${this.maxBytes} bytes`);
  }
}

/**
 * The value as plain JSON: JSONata's own arrays become ordinary ones, absent members are left out,
 * functions are refused. Sizes are counted in characters, so text outside ASCII may take up to three
 * times `maxBytes`. Throws `NotPlainJsonError`.
 */
export const plainJson = (value: unknown, maxBytes: number): Json | undefined => new Copier(maxBytes).copy(value, 0);
