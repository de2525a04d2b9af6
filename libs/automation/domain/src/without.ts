/** A record without some of its members. */
export const without = <Value>(record: Readonly<Record<string, Value>>, ...keys: readonly string[]): Record<string, Value> => {
  const rest = { ...record };
  for (const key of keys) delete rest[key];
  return rest;
};
