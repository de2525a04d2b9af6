const stopBudgetMs = 20_000;

/** Stops once on Ctrl-C, `kill` or a closed terminal; a second Ctrl-C ends the process at once. */
export const onStopSignals = (stop: () => Promise<void>): void => {
  let stopping = false;
  const handle = (signal: NodeJS.Signals): void => {
    if (stopping && signal === 'SIGINT') process.exit(130);
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), stopBudgetMs).unref();
    stop().then(() => process.exit(0), (error: unknown) => {
      process.stderr.write(`Stopping failed: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle);
};
