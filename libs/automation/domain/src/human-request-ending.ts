import type { NodeOutput, OpenWait, OperatorCommand, Run, RunEvent } from '@cs/contracts';
import { itemOf } from './work-key.js';

/** What every event of a request says of it. */
export const requestFacts = ({ wait_id, node_id, item }: OpenWait): { readonly request_id: string; readonly node_id: string; readonly item?: number } => ({ request_id: wait_id, node_id, ...itemOf({ node_id, item }) });

interface EndedBy {
  readonly response_id?: string | undefined;
  readonly reason?: string | undefined;
  readonly command?: OperatorCommand | undefined;
}

/** What a response says beside itself. */
export const saidBy = ({ response_id, reason, command }: EndedBy): { readonly response_id?: string; readonly reason?: string; readonly command?: OperatorCommand } => ({
  ...(response_id === undefined ? {} : { response_id }), ...(reason === undefined ? {} : { reason }), ...(command === undefined ? {} : { command }),
});

/** Ends the wait of a request; its key follows from the request, because it has one end only. */
export const wokenByPerson = (run: Run, { wait_id, node_id, item, wait_kind }: OpenWait, { how, output }: { readonly how: string; readonly output?: NodeOutput }): RunEvent => ({
  event_type: 'stateful_wait_woken_requeued',
  data: {
    wait_id, node_id, ...itemOf({ node_id, item }), wait_kind, wake_idempotency_key: `${how}:${run.run_id}:${wait_id}`, wait_event: `stateful_runtime.wait.${how}`,
    ...(output === undefined ? {} : { output }),
  },
});
