/** A value as JSON that is already written: it goes on as it is, and is read only by who needs it. */
export class JsonText<Value = unknown> {
  /** Never there: says at compile time what the text is of. */
  declare readonly of?: Value;

  constructor(readonly text: string) {}

  /** Where the whole is written by others, it is the value all the same. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

const textOf = (value: unknown): string => (value instanceof JsonText ? value.text : JSON.stringify(value));

/** An object of members of which some are written already. Absent ones are left out. */
export const jsonObjectText = (members: Readonly<Record<string, unknown>>): string =>
  `{${Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [`${JSON.stringify(name)}:${textOf(value)}`])).join(',')}}`;

/** A list of items that are written already. */
export const jsonArrayText = (items: readonly JsonText[]): string => `[${items.map(({ text }) => text).join(',')}]`;
