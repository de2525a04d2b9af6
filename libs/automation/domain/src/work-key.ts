/** What is executed: a node, or one item of a node's fan-out. */
export interface WorkRef {
  readonly node_id: string;
  readonly item?: number | undefined;
}

/** Key of a node's or an item's work in the maps of a checkpoint. Ids of nodes hold no bracket. */
export const workKey = ({ node_id, item }: WorkRef): string => (item === undefined ? node_id : `${node_id}[${item}]`);

/** What a key stands for. */
export const workOfKey = (key: string): WorkRef => {
  const bracket = key.indexOf('[');
  return bracket < 0 ? { node_id: key } : { node_id: key.slice(0, bracket), item: Number(key.slice(bracket + 1, -1)) };
};

/** `item` as events and waits carry it: only where there is one. */
export const itemOf = ({ item }: WorkRef): { readonly item?: number } => (item === undefined ? {} : { item });

/** How one work is called where people read it. */
export const workName = ({ node_id, item }: WorkRef): string => (item === undefined ? `node "${node_id}"` : `item ${item} of node "${node_id}"`);
