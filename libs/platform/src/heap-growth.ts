import { setFlagsFromString } from 'node:v8';

/** The heap may grow by 40 % over what it held after the last full collection; then it is collected again. */
export const heapGrowthFlag = '--heap-growing-percent=40';

/**
 * Garbage is collected soon. Left to itself, V8 lets a heap grow to four times what it holds where the
 * machine has much memory: after a burst of runs, hundreds of megabytes stay resident that nobody uses.
 */
export const boundHeapGrowth = (): void => setFlagsFromString(heapGrowthFlag);
