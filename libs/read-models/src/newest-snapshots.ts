import type { WrittenSnapshot } from './run-snapshots.js';

/** The newest of snapshots in ascending `seq` that are together no longer than `bytes`; the newest one is always there. */
export const newestThatFit = (snapshots: readonly WrittenSnapshot[], bytes: number): readonly WrittenSnapshot[] => {
  let total = 0;
  const tooMuch = snapshots.findLastIndex(({ json }) => (total += Buffer.byteLength(json.text)) > bytes);
  return snapshots.slice(Math.min(tooMuch + 1, snapshots.length - 1));
};
