import { setFlagsFromString } from 'node:v8';

/**
 * By how many per cent a heap may grow over what it held after the last full collection, with the buffers that belong to it; then it is collected again.
 * `soon`: the default. `later`: for a service through which answers go that are large beside its heap. `seldom`: for one that makes such answers and keeps nothing:
 * on a machine with few processors a collection slows whatever is answered beside it.
 */
export const heapGrowthPercent = { soon: 40, later: 100, seldom: 300 } as const;

export type HeapGrowth = keyof typeof heapGrowthPercent;

export const heapGrowthFlag = (growth: HeapGrowth): string => `--heap-growing-percent=${heapGrowthPercent[growth]}`;

/**
 * Garbage is collected soon. Left to itself, V8 lets a heap grow to four times what it holds where the
 * machine has much memory: after a burst of runs, hundreds of megabytes stay resident that nobody uses.
 */
export const boundHeapGrowth = (growth: HeapGrowth = 'soon'): void => setFlagsFromString(heapGrowthFlag(growth));
