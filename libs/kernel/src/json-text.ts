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

// Texts are added up, not joined: what is nested deep is then copied once, when the whole is sent, and not at every level.

/** An object of members of which some are written already. Absent ones are left out. */
export const jsonObjectText = (members: Readonly<Record<string, unknown>>): string => {
  let text = '';
  for (const [name, value] of Object.entries(members)) if (value !== undefined) text += `${text === '' ? '{' : ','}${JSON.stringify(name)}:${textOf(value)}`;
  return text === '' ? '{}' : `${text}}`;
};

/** A list of items that are written already. */
export const jsonArrayText = (items: readonly JsonText[]): string => {
  let text = '[';
  for (const [index, item] of items.entries()) text += index === 0 ? item.text : `,${item.text}`;
  return `${text}]`;
};
