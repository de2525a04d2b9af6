import type fc from 'fast-check';

/** Something that may happen to a world at any time; what does not fit is refused, and that is part of what is tested. */
class Happening<World extends object> implements fc.Command<object, World> {
  readonly #name: string;
  readonly #step: (world: World) => void;

  constructor(name: string, step: (world: World) => void) {
    this.#name = name;
    this.#step = step;
  }

  check(): boolean {
    return true;
  }

  run(_model: object, world: World): void {
    this.#step(world);
  }

  toString(): string {
    return this.#name;
  }
}

/** A happening with a value that is chosen each time. */
export const happening = <World extends object, Value>(name: string, value: fc.Arbitrary<Value>, step: (world: World, value: Value) => void): fc.Arbitrary<fc.Command<object, World>> =>
  value.map((chosen) => new Happening<World>(`${name}(${JSON.stringify(chosen)})`, (world) => step(world, chosen)));

/** The item at an index that may be beyond the end. */
export const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % Math.max(items.length, 1)];

/** Runs per property. A failure prints its seed; FC_SEED repeats it, FC_RUNS looks longer. */
export const bounds = { numRuns: Number(process.env['FC_RUNS'] ?? 120), ...(process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) }) };
