/** The oldest server with message schedules and their cancellation, which the timers need. */
export const oldestNatsVersion = { major: 2, minor: 12 } as const;

/** Reads the output of `nats-server --version`. */
export const parseNatsVersion = (output: string): string | undefined => /\bv?(\d+\.\d+\.\d+(?:[-+.\w]*)?)/.exec(output)?.[1];

/** Whether the server of this version can be used. */
export const isNatsVersionSupported = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldestNatsVersion.major || (major === oldestNatsVersion.major && minor >= oldestNatsVersion.minor);
};
