import { decideWebhookDelivery } from '@cs/automation-domain';
import type { CallContext } from '@cs/contracts';
import { executeCommand, type Eventing } from '@cs/eventing';
import { accepted, refuse, refused, type Result } from '@cs/kernel';
import { automationAccess, type AccessOptions } from '../access-check.js';
import { webhookDeliveryAggregate, webhookDeliveryRef } from './webhook.aggregates.js';

interface Replay {
  readonly automation_id: string;
  readonly trigger_id: string;
  readonly delivery_id: string;
}

/** Has a delivery routed once more, as if it came now: to a wait that it fits, or to another run. */
export const replayDelivery = async (options: AccessOptions & { readonly eventing: Eventing }, context: CallContext, { automation_id, trigger_id, delivery_id }: Replay): Promise<Result<{ readonly delivery_id: string; readonly replay: number; readonly position: number }>> => {
  const allowed = await automationAccess(options, context, { automation_id, right: 'change' });
  if (!allowed.ok) return allowed;
  const { eventing } = options;
  const result = await executeCommand(webhookDeliveryRef(context.tenant, delivery_id), {
    eventing, aggregate: webhookDeliveryAggregate, context: { actor: context.actor, causation_id: context.correlation_id, correlation_id: automation_id },
    decide: (state) => {
      const known = state?.delivery;
      const isTheirs = known?.trigger_id === trigger_id && known.automation_id === automation_id && known.tenant_context.deployment_id === context.tenant.deployment_id;
      return isTheirs ? decideWebhookDelivery({ type: 'replay', replayed_by: context.actor }, state) : refuse({ code: 'WEBHOOK_DELIVERY_NOT_FOUND', message: `the trigger has no delivery "${delivery_id}"` } as const);
    },
  });
  if (result.kind === 'contended') return refused('CONCURRENT_CHANGE', 'the delivery is being routed');
  if (result.kind === 'refused') return refused(result.refusal.code, result.refusal.message, { delivery_id });
  return accepted({ delivery_id, replay: result.loaded.state?.replays ?? 0, position: result.loaded.position });
};
