import { seededRandom } from './fault-plan.js';

const token = '0123456789abcdef0123456789abcdef';

/** Changes valid callbacks, the same way for the same seed. */
export class Mutations {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  oneOf<Value>(values: readonly [Value, ...Value[]]): Value {
    return values[this.below(values.length)] ?? values[0];
  }

  /** A body of a valid callback, changed by structure, by bytes, or both. `encode`: how the platform writes values. */
  body(valid: unknown, encode: (value: unknown) => string = (value) => JSON.stringify(value) ?? ''): Buffer {
    let value = valid;
    if (this.chance(0.8)) for (let change = 0; change <= this.below(3); change += 1) value = this.#structure(value, 0);
    const bytes = Buffer.from(encode(value));
    return this.chance(0.4) ? this.#bytes(bytes) : bytes;
  }

  #odd(): unknown {
    return this.oneOf([
      null, undefined, 0, -1, 1e308, 2 ** 53, true, '', [], {}, 'x'.repeat(this.below(30_000)), '\ud800', '\u0000', '__proto__', JSON.parse('{"__proto__":{"kind":"interaction"}}') as unknown, [[[[]]]], '-1', '1e3',
      `tdm:${this.oneOf(['approve', 'rework', 'cancel', 'expired', ''])}:${token.slice(this.below(32))}`, `tdm-modal:rework:${token}`, `/enrol ${this.oneOf(['AB12CD34', 'x', ''])}`, 'tdm:approve:run~', 1, 2, 3, 4, 5,
    ]);
  }

  #structure(value: unknown, depth: number): unknown {
    if (typeof value !== 'object' || value === null || this.chance(0.1) || depth > 12) return this.#odd();
    const names = Object.keys(value);
    const name = this.oneOf(['extra', '__proto__', ...names, ...names, ...names]);
    const copy: Record<string, unknown> = Object.fromEntries(Object.entries(value));
    const kind = this.below(4);
    if (kind === 0) delete copy[name];
    else if (kind === 1) copy[name] = this.#odd();
    else if (kind === 2) copy[name] = copy[this.oneOf(['extra', ...names])];
    else copy[name] = this.#structure(copy[name], depth + 1);
    return Array.isArray(value) && this.chance(0.8) ? Object.values(copy) : copy;
  }

  #bytes(bytes: Buffer): Buffer {
    const copy = [...bytes];
    for (let change = 0; change <= this.below(4); change += 1) {
      const at = this.below(copy.length + 1);
      const kind = this.below(4);
      if (kind === 0) copy.splice(at, 1 + this.below(8));
      else if (kind === 1) copy.splice(at, 0, this.below(256));
      else if (kind === 2) copy.splice(at, 0, ...copy.slice(at, at + this.below(64)));
      else copy[at] = this.below(256);
    }
    return Buffer.from(copy);
  }
}
