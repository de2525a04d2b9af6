import { reviewMetadata, type RequestToOpen } from '@cs/automation-domain';
import { defaultAnswerMs, describeProblems, maxAnswerBytes, type EscalationAction, type FlowNode, type QuestionAction, type QuestionRequest } from '@cs/contracts';
import { definedMembers, utf8Bytes, type Json } from '@cs/kernel';
import { ExpressionError, type ExpressionEvaluator } from './expression.port.js';
import { validationProblems } from './json-schema.js';
import type { StepExecutor } from './step-executor.port.js';
import { asText, resolveTemplate, TemplateError, type TemplateScope } from './template.js';

/** Longest text that a person is shown, in characters. */
const maxTextLength = 20_000;

const textAt = async (value: string, path: string, scope: TemplateScope): Promise<string> => {
  const text = asText(await resolveTemplate(value, path, scope)).trim();
  if (text === '' || text.length > maxTextLength) throw new TemplateError(path, new ExpressionError(`expected a text of 1 to ${maxTextLength} characters`, text.slice(0, 80)));
  return text;
};

const unfit = (message: string): TemplateError => new TemplateError('action.default', new ExpressionError(message, 'default'));

/** What would be the answer when nobody gives one has to be one. */
const defaultOf = async ({ default: fallback, schema }: QuestionAction, scope: TemplateScope): Promise<Json | undefined> => {
  if (fallback === undefined) return undefined;
  const value = await resolveTemplate(fallback, 'action.default', scope);
  if (utf8Bytes(JSON.stringify(value)) > maxAnswerBytes) throw unfit(`an answer has at most ${maxAnswerBytes} bytes`);
  const problems = schema === undefined ? [] : validationProblems(schema, value, 'action.default');
  if (problems.length > 0) throw unfit(`the default does not fit the schema: ${describeProblems(problems).slice(0, 1000)}`);
  return value;
};

const question = async (action: QuestionAction, node: FlowNode, scope: TemplateScope): Promise<RequestToOpen> => {
  const { schema, ask, requester_may_answer, expires_after_ms = defaultAnswerMs, remind_every_ms } = action;
  const { agent_id: agent, risk_tier, data_classes } = node;
  const request: QuestionRequest = {
    kind: 'question', prompt: await textAt(action.prompt, 'action.prompt', scope),
    ...definedMembers({ agent, schema, default: await defaultOf(action, scope), ask, requester_may_answer, risk_tier, data_classes, metadata: reviewMetadata(node) }),
  };
  return { request, expires_after_ms, remind_every_ms };
};

const escalation = async ({ role, reason, chain = [], expires_after_ms, remind_every_ms }: EscalationAction, { agent_id: agent }: FlowNode, scope: TemplateScope): Promise<RequestToOpen> => ({
  request: { kind: 'escalation', reason: await textAt(reason, 'action.reason', scope), roles: [role, ...chain], ...definedMembers({ agent, expires_after_ms }) },
  expires_after_ms, remind_every_ms,
});

/** `question`: a person gives the value; the node waits for it. */
export const questionStepExecutor = ({ evaluator }: { readonly evaluator: ExpressionEvaluator }): StepExecutor<QuestionAction> => ({
  effectMode: () => undefined,
  prepare: async (action, { node, scope }) => ({ kind: 'person', asks: await question(action, node, { evaluator, scope }) }),
});

/** `escalation`: somebody with a role takes the matter on; the node waits for it. */
export const escalationStepExecutor = ({ evaluator }: { readonly evaluator: ExpressionEvaluator }): StepExecutor<EscalationAction> => ({
  effectMode: () => undefined,
  prepare: async (action, { node, scope }) => ({ kind: 'person', asks: await escalation(action, node, { evaluator, scope }) }),
});
