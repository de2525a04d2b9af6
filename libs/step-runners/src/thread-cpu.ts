import { readFileSync } from 'node:fs';

/** Linux tells times in hundredths of a second (`sysconf(_SC_CLK_TCK)` is 100 on all its platforms). */
const tickMs = 10;
/** Where `utime` and `stime` stand in `/proc/<pid>/task/<tid>/stat`, counted after the name (proc_pid_stat(5)). */
const [userTime, systemTime] = [11, 12];

/** Milliseconds that a thread of this process has computed, in steps of 10; `undefined` where the system does not tell. */
export const threadCpuMs = (thread: string | undefined): number | undefined => {
  if (thread === undefined) return undefined;
  try {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[userTime]) + Number(fields[systemTime]);
    return Number.isFinite(ticks) ? ticks * tickMs : undefined;
  } catch {
    return undefined;
  }
};
