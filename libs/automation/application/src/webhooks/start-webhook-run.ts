import type { RoutedDelivery } from '@cs/automation-domain';
import type { CallContext, WebhookTrigger } from '@cs/contracts';
import type { Json, JsonObject, Result } from '@cs/kernel';
import type { ExpressionEvaluator } from '../expression.port.js';
import { requestRun, type RequestRunOptions } from '../request-run.command-handler.js';
import { resolveTemplate, TemplateError } from '../template.js';

export type StartedRun =
  | { readonly kind: 'started' | 'contended' }
  /** It may not run now (`suppressed`), or cannot run with this delivery (`failed`). */
  | { readonly kind: 'suppressed' | 'failed'; readonly reason: string };

/** Starts the run of a delivery; asked again with the same id, it is the same run. */
export type StartRun = (wanted: { readonly state: RoutedDelivery; readonly trigger: WebhookTrigger | undefined; readonly run_id: string }) => Promise<StartedRun>;

/** What an input's expressions see, and what a run gets when its trigger has no input of its own. */
const scopeOf = ({ delivery, headers, payload }: RoutedDelivery): JsonObject => ({
  body: payload, headers: { ...headers }, delivery_id: delivery.delivery_id, trigger_id: delivery.trigger_id, provider: delivery.provider,
  event_kind: delivery.provider_event_kind ?? null, event_id: delivery.provider_event_id ?? null, received_at_ms: delivery.received_at_ms,
});

const inputOf = async (evaluator: ExpressionEvaluator, { input }: WebhookTrigger, scope: JsonObject): Promise<Result<Json, string>> => {
  if (input === undefined) return { ok: true, value: scope };
  try {
    return { ok: true, value: await resolveTemplate(input, 'input', { evaluator, scope }) };
  } catch (error) {
    if (error instanceof TemplateError) return { ok: false, refusal: `${error.path}: ${error.message}` };
    throw error;
  }
};

/** Runs that webhooks ask for, by the same way as those that people ask for. */
export const startWebhookRun = (options: RequestRunOptions & { readonly evaluator: ExpressionEvaluator }): StartRun => async ({ state, trigger, run_id }) => {
  if (trigger === undefined) return { kind: 'failed', reason: 'the trigger is gone' };
  const input = await inputOf(options.evaluator, trigger, scopeOf(state));
  if (!input.ok) return { kind: 'failed', reason: input.refusal };
  const { delivery } = state;
  const context: CallContext = { tenant: delivery.tenant_context, actor: { kind: 'system', source: 'webhook' }, correlation_id: delivery.delivery_id };
  const requested = await requestRun(options, context, {
    automation_id: delivery.automation_id, input: input.value, run_id, trigger_type: 'webhook', trigger_reason: `webhook delivery ${delivery.delivery_id} of trigger ${delivery.trigger_id}`,
  });
  if (requested.ok) return { kind: 'started' };
  const { code, message } = requested.refusal;
  // The run is there, from an earlier try whose input was made before the trigger was changed.
  if (code === 'IDEMPOTENCY_KEY_REUSED') return { kind: 'started' };
  if (code === 'CONCURRENT_CHANGE') return { kind: 'contended' };
  return { kind: code === 'AUTOMATION_V2_NOT_RUNNABLE' ? 'suppressed' : 'failed', reason: `${code}: ${message}` };
};
