/** Phase of a run by its stateful status (domain 7.6). */
const phases: Readonly<Record<string, string>> = {
  queued: 'queued',
  running: 'running_phase',
  sleeping: 'sleeping',
  awaiting_webhook: 'waiting_webhook',
  awaiting_approval: 'awaiting_approval',
  pausing: 'paused_attention_required',
  paused: 'paused_attention_required',
  blocked: 'paused_attention_required',
  retrying: 'retrying',
  held: 'queued',
  completed: 'completed',
  dry_run: 'completed',
  failed: 'failed',
  dead_lettered: 'failed',
  cancelled: 'cancelled',
};

/** Every stateful status there is. */
export const statefulStatuses: readonly string[] = Object.keys(phases);

/** The phase of a status; a status of a newer release is its own phase. */
export const phaseOf = (status: string): string => phases[status] ?? status;

/** Two statuses of the stored run show as others while it waits (`statefulStatus`). */
const waiting: Readonly<Record<string, readonly string[]>> = { queued: ['retrying', 'held'], paused: ['sleeping', 'awaiting_webhook'] };

/** The stateful statuses in which a run has the stored status; none for a status that does not exist. */
export const statefulStatusesOf = (status: string): readonly string[] => {
  if (Object.values(waiting).flat().includes(status) || !statefulStatuses.includes(status)) return [];
  return [status, ...(waiting[status] ?? [])];
};
