import { beginAuditExport, listAuditAnchors, readAuditExport, type AuditExportBegun, type AuditFilter, type CallContext, type RpcReply } from '@cs/contracts';
import type { RpcClient } from '@cs/platform';

/** The service stopped answering in the middle: what was sent is not complete. */
export class ExportBrokenError extends Error {
  override readonly name = 'ExportBrokenError';
}

const valueOf = <Value>(reply: RpcReply<Value>): Value => {
  if (!reply.ok) throw new ExportBrokenError(`${reply.refusal.code}: ${reply.refusal.message}`);
  return reply.value;
};

const line = (kind: string, value: object): string => `${JSON.stringify({ kind, ...value })}\n`;

/** Asks for an export. Only this can be refused. */
export const askForExport = (rpc: RpcClient, context: CallContext, filter: AuditFilter): Promise<RpcReply<AuditExportBegun>> => rpc.call(beginAuditExport, { context, payload: { filter } });

/** The lines of an export, page by page: one page is in memory. Throws `ExportBrokenError`. */
export async function* exportLines(rpc: RpcClient, context: CallContext, begun: AuditExportBegun): AsyncGenerator<string> {
  const { tenant: { org_id, workspace_id, deployment_id = null } } = context;
  const { filter, head_seq } = begun;
  yield line('export', { format: 1, org_id, workspace_id, deployment_id, ...begun });
  let records = 0;
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: { readonly records: readonly object[]; readonly next_after_seq?: number } = valueOf(await rpc.call(readAuditExport, { context, payload: { filter, after_seq: after, up_to_seq: head_seq } }));
    records += page.records.length;
    yield page.records.map((record) => line('record', record)).join('');
    after = page.next_after_seq;
  }
  let anchors = 0;
  for (let after: number | undefined = 0; after !== undefined;) {
    const page: { readonly anchors: readonly object[]; readonly next_after?: number } = valueOf(await rpc.call(listAuditAnchors, { context, payload: { after } }));
    anchors += page.anchors.length;
    yield page.anchors.map((anchor) => line('anchor', anchor)).join('');
    after = page.next_after;
  }
  yield line('end', { records, anchors });
}
