import type { NodeResult } from '@cs/automation-domain';
import type { FlowNode } from '@cs/contracts';
import { TemplateError } from './template.js';

type Failed = Extract<NodeResult, { kind: 'failed' }>;

/** An expression that could not be resolved: repeating it would fail in the same way. */
export const failedBy = (error: unknown): Failed => {
  const path = error instanceof TemplateError ? { path: error.path } : {};
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', failure: { kind: 'expression_failed', message, ...path }, effect: 'not_sent', retryable: false };
};

/** A definition like this is refused when it is stored; a run of one that got through ends with the reason. */
export const nothingToDo = ({ node_id }: FlowNode): Failed => ({
  kind: 'failed', failure: { kind: 'unsupported_step', message: `node "${node_id}" has no action that this release can execute` }, effect: 'not_sent', retryable: false,
});

/** An error as one line, with its place in the definition where it has one. */
export const failureText = (error: unknown): string => {
  if (error instanceof TemplateError) return `${error.path}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
};
