/** Closes a switch over a union: a member that was forgotten is a compile error here. */
export const assertNever = (value: never): never => {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
};
