import { decideImport, isHumanAdministrator, type ImportHistory } from '@cs/automation-domain';
import type { AggregateRef, CallContext, ImportedRun, ImportedRunHeader, RunImport, RunImported } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { accepted, refused, type Result } from '@cs/kernel';
import { audited, type DenialOptions } from './governance/audited-denial.js';
import { entriesOfImport } from './import-identity.js';
import { importedRunAggregate } from './imported-run.aggregate.js';

export interface ImportOptions {
  readonly eventing: Eventing;
}

interface Import {
  readonly imported: RunImported;
  readonly position: number;
}

const headerOf = ({ checkpoint, ...run }: ImportedRun): ImportedRunHeader => ({
  run_id: run.run_id, automation_id: run.automation_id, status: run.status, trigger_type: run.trigger_type, created_at_ms: run.created_at_ms, updated_at_ms: run.updated_at_ms,
  started_at_ms: run.started_at_ms ?? null, finished_at_ms: run.finished_at_ms ?? null,
  workflow_definition_version: run.workflow_definition_version ?? null, workflow_definition_snapshot_hash: run.workflow_definition_snapshot_hash ?? null,
  awaiting_node_id: checkpoint.awaiting_gate?.node_id ?? null, completed_nodes: checkpoint.completed_nodes, pending_nodes: checkpoint.pending_nodes, blocked_nodes: checkpoint.blocked_nodes,
});

const inWorkspace = ({ tenant }: CallContext, aggregate: 'run' | 'imported_run', id: string): AggregateRef => ({ org_id: tenant.org_id, workspace_id: tenant.workspace_id, aggregate, id });

const store = async ({ eventing }: ImportOptions, context: CallContext, request: RunImport): Promise<Result<Import>> => {
  const { run_id } = request.run;
  if (!isHumanAdministrator(context)) return refused('RUN_IMPORT_REQUIRES_HUMAN_ADMIN', 'only a person who administers the workspace may import histories');
  if ((await eventing.store.last(inWorkspace(context, 'run', run_id))) !== undefined) return refused('RUN_IMPORT_ID_TAKEN', `"${run_id}" is a run of this system`, { run_id });
  const { entries, compacted } = entriesOfImport(request, eventing.digest);
  const command: ImportHistory = { header: headerOf(request.run), tenant_context: context.tenant, entries, compacted, isCurrent: !request.partial, imported_by: context.actor };
  let imported = 0;
  const result = await executeCommand(inWorkspace(context, 'imported_run', run_id), {
    eventing, aggregate: importedRunAggregate, context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: request.run.automation_id },
    decide: (state) => {
      const decision = decideImport(command, state);
      imported = decision.kind === 'accepted' ? (decision.events[0]?.data.entry_count ?? 0) : 0;
      return decision;
    },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', `the history of "${run_id}" is being imported by others`);
  if (result.kind === 'refused') return { ok: false, refusal: result.refusal };
  return accepted({ imported: { run_id, imported, known: entries.length - imported, last_seq: result.loaded.state?.last_seq ?? 0 }, position: result.loaded.position });
};

/** Imports what is not known yet of the history of a run of another system. Whoever may not is refused, and that is in the protected audit. */
export const importRunHistory = async (options: ImportOptions & DenialOptions, context: CallContext, request: RunImport): Promise<Result<Import>> =>
  audited(options, context, { attempt: { action: 'import_run_history', resource_kind: 'run', resource_id: request.run.run_id }, result: await store(options, context, request) });
