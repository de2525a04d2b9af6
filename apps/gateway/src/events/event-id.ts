/** Where an event stands: position of its commit in the log and its place in the commit. Also the id of a server-sent event. */
export interface EventId {
  readonly position: number;
  readonly index: number;
}

/** After every event of a commit. */
export const afterCommit = (position: number): EventId => ({ position, index: Number.MAX_SAFE_INTEGER });

export const writeEventId = ({ position, index }: EventId): string => `${position}.${index}`;

/** Reads `<position>.<index>`; `undefined` when it is not one of our ids. */
export const parseEventId = (text: string): EventId | undefined => {
  const [, position, index] = /^(\d{1,15})\.(\d{1,9})$/.exec(text) ?? [];
  return position === undefined || index === undefined ? undefined : { position: Number(position), index: Number(index) };
};

export const isAfter = (one: EventId, other: EventId): boolean =>
  one.position === other.position ? one.index > other.index : one.position > other.position;
