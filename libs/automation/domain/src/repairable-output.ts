import type { NodeFailure, NodeOutput, Run, RunCheckpoint } from '@cs/contracts';

/** `contract_kind` of a failed output whose node gets one more attempt when its run goes on. */
const repairableKind = 'needs_repair';
/** `contract_kind` of an output that does not fit its contract: the run pauses for it when nothing else runs. */
const unfitKind = 'schema_validation';

const failedOutput = (contract_kind: string, failure: NodeFailure, created_at_ms: number): NodeOutput => ({
  status: 'failed', contract_kind, summary: failure.message, content: { ...failure }, created_at_ms,
});

/** The failed output of a node that may be tried again. */
export const repairableOutput = (failure: NodeFailure, created_at_ms: number): NodeOutput => failedOutput(repairableKind, failure, created_at_ms);
export const unfitOutput = (failure: NodeFailure, created_at_ms: number): NodeOutput => failedOutput(unfitKind, failure, created_at_ms);

const isRepairable = (output: NodeOutput | undefined): boolean => output?.status === 'failed' && output.contract_kind === repairableKind;
export const isUnfit = (output: NodeOutput): boolean => output.status === 'failed' && output.contract_kind === unfitKind;

/** The node has its outcome: it does not start again by itself. */
export const hasOutcome = ({ node_outputs }: Pick<RunCheckpoint, 'node_outputs'>, node_id: string): boolean =>
  Object.hasOwn(node_outputs, node_id) && !isRepairable(node_outputs[node_id]);

/** The same output, of a node that may be tried again. */
export const asRepairable = (output: NodeOutput): NodeOutput => (output.status === 'failed' ? { ...output, contract_kind: repairableKind } : output);

/** Nodes that get one more attempt when their run goes on. */
export const repairableNodes = ({ checkpoint }: Run): readonly string[] => Object.keys(checkpoint.node_outputs).filter((id) => isRepairable(checkpoint.node_outputs[id]));
