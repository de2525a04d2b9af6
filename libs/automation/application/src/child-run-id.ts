import type { WorkRef } from '@cs/automation-domain';
import type { Run } from '@cs/contracts';
import type { Digest } from '@cs/eventing';

/** A run id that follows from a digest. */
export const runIdFrom = (hex: string): string => `automation-v2-run-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;

/** The child of one attempt: asked for any number of times, it is the same run. */
export const childRunIdOf = ({ run_id, tenant_context, checkpoint }: Run, { work, attempt, digest }: { readonly work: WorkRef; readonly attempt: number; readonly digest: Digest }): string =>
  runIdFrom(digest(JSON.stringify([tenant_context.org_id, tenant_context.workspace_id, run_id, work.node_id, work.item ?? '', checkpoint.node_generations[work.node_id] ?? 0, attempt])));
