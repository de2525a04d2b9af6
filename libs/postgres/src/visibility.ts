/**
 * A condition on an automation `a`: the reader sees it. `parameter` holds the reader's keys, null for one
 * who sees everything.
 */
export const isSeen = (parameter: number): string => `($${parameter}::text[] is null or a.viewer_keys && $${parameter}::text[])`;

/**
 * The same for what belongs to an automation, which the alias `row` has as `automation_id`: what its
 * automation is not there for is not there. Nothing is looked up for one who sees everything.
 */
export const isSeenThrough = (row: string, parameter: number): string => `($${parameter}::text[] is null or exists (
    select from countersign.automations a where a.org_id = ${row}.org_id and a.workspace_id = ${row}.workspace_id and a.automation_id = ${row}.automation_id and a.viewer_keys && $${parameter}::text[]))`;

/** The automations that a reader sees, deleted ones too, of the tenant in the first three parameters. */
export const seenAutomations = (parameter: number): string =>
  `select a.automation_id from countersign.automations a where a.org_id = $1 and a.workspace_id = $2 and a.deployment_id = $3 and a.viewer_keys && $${parameter}::text[]`;
