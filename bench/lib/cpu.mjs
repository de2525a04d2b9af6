// CPU time in ns, which says what work costs however busy the machine is.
import { readFileSync } from 'node:fs';

/** Of a process with one thread, such as a session of PostgreSQL; 0 where there is no /proc. */
export const sessionCpuNs = (pid) => {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
};

/** Of this process with all its threads. */
export const ownCpuNs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};
