/** Something that was asked and answered; moments are of one clock, and no two are the same. */
export interface Operation<What> {
  readonly invoked: number;
  readonly returned: number;
  readonly what: What;
}

/** What a sequential object may do. */
export interface SequentialModel<State, What> {
  readonly initial: State;
  /** The states that the operation, with its answer, may lead to; none when it cannot have happened in this state. */
  readonly next: (state: State, what: What) => readonly State[];
}

/**
 * An order of the operations in which a sequential object would have answered the same, and in which none
 * comes before one that had returned when it was invoked (Herlihy and Wing); `undefined` when there is none.
 * Searched as Wing and Gong do, without looking twice at the same rest in the same state (Lowe).
 */
export const linearize = <State, What>(history: readonly Operation<What>[], { initial, next }: SequentialModel<State, What>): readonly What[] | undefined => {
  const seen = new Set<string>();

  const search = (rest: readonly number[], state: State): readonly What[] | undefined => {
    if (rest.length === 0) return [];
    const key = `${rest.join(',')}|${JSON.stringify(state)}`;
    if (seen.has(key)) return undefined;
    seen.add(key);
    const firstReturn = Math.min(...rest.map((index) => history[index]?.returned ?? 0));
    const possible = rest.flatMap((index) => {
      const operation = history[index];
      return operation === undefined || operation.invoked > firstReturn ? [] : [{ index, what: operation.what, after: next(state, operation.what) }];
    });
    // What changes nothing and could come now may come now: whatever order there is, there is one that begins with it.
    const idle = possible.filter(({ after: [only, ...more] }) => more.length === 0 && only !== undefined && JSON.stringify(only) === JSON.stringify(state)).map(({ index }) => index);
    if (idle.length > 0) {
      const found = search(rest.filter((index) => !idle.includes(index)), state);
      return found && [...possible.filter(({ index }) => idle.includes(index)).map(({ what }) => what), ...found];
    }
    for (const { index, what, after } of possible) {
      const others = rest.filter((other) => other !== index);
      for (const changed of after) {
        const found = search(others, changed);
        if (found !== undefined) return [what, ...found];
      }
    }
    return undefined;
  };
  return search([...history.keys()].sort((a, b) => (history[a]?.returned ?? 0) - (history[b]?.returned ?? 0)), initial);
};

/** Records what happens when, as its callers see it. */
export class OperationLog<What> {
  readonly operations: Operation<What>[] = [];
  #clock = 0;

  /** `what` says what was done from its answer; `undefined` for what says nothing of the object. */
  async record<Answer>(task: () => Promise<Answer>, what: (answer: Answer) => What | undefined): Promise<Answer> {
    const invoked = (this.#clock += 1);
    const answer = await task();
    const done = what(answer);
    const returned = (this.#clock += 1);
    if (done !== undefined) this.operations.push({ invoked, returned, what: done });
    return answer;
  }
}
