import type { Page } from '@cs/contracts';

/** `{<name>, count, next_cursor?}`: how every list is answered. */
export const pageOf = <Name extends string, Item>(name: Name, { items, next_cursor }: Page<Item>, view: (item: Item) => unknown = (item) => item): Readonly<Record<string, unknown>> => ({
  [name]: items.map(view), count: items.length, ...(next_cursor === undefined ? {} : { next_cursor }),
});
