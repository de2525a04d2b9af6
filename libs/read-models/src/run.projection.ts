import { statefulStatus } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { phaseOf } from './phase.js';
import type { RunRow } from './run-row.js';
import { partsOf } from './run-parts.js';

/** A run as it is after the commit at `position`. */
export const projectRun = (run: Run, { version, position, digest }: { readonly version: number; readonly position: number; readonly digest: Digest }): RunRow => {
  const stateful_status = statefulStatus(run);
  return {
    org_id: run.tenant_context.org_id, workspace_id: run.tenant_context.workspace_id, deployment_id: run.tenant_context.deployment_id ?? '',
    run_id: run.run_id, automation_id: run.automation_id,
    status: run.status, stateful_status, phase: phaseOf(stateful_status), stop_kind: run.stop_kind ?? null,
    created_at_ms: run.created_at_ms, updated_at_ms: run.updated_at_ms,
    finished_at_ms: 'finished_at_ms' in run ? run.finished_at_ms : null,
    version, position, record: run, parts: partsOf(run, digest),
  };
};
