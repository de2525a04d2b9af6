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

/** Statuses of the stored run that show as others while it waits, or when it left a dead letter (`statefulStatus`). */
const shownAs: Readonly<Record<string, readonly string[]>> = { queued: ['retrying', 'held'], paused: ['sleeping', 'awaiting_webhook'], failed: ['dead_lettered'] };

/** The stateful statuses in which a run has the stored status; none for a status that does not exist. */
export const statefulStatusesOf = (status: string): readonly string[] => {
  if (Object.values(shownAs).flat().includes(status) || !statefulStatuses.includes(status)) return [];
  return [status, ...(shownAs[status] ?? [])];
};

/** The stateful statuses that a filter by one of them finds: a run that left a dead letter has failed, too. */
export const statusesLike = (status: string): readonly string[] => (status === 'failed' ? statefulStatusesOf(status) : [status]);

/** The stateful statuses whose phase it is; none for a phase that does not exist. */
export const statusesOfPhase = (phase: string): readonly string[] => statefulStatuses.filter((status) => phases[status] === phase);
