import type { Secrets, WebhookSecrets } from '@cs/automation-application';
import type { WebhookSecretSource, WebhookTrigger } from '@cs/contracts';
import { createHmac } from 'node:crypto';

/**
 * Signing secrets, computed or looked up each time and kept nowhere. A derived one follows from this
 * service's key: with another key, every sender needs its secret anew.
 */
export class KeyedWebhookSecrets implements WebhookSecrets {
  readonly #key: string | undefined;
  readonly #secrets: Secrets;

  constructor({ key, secrets }: { readonly key: string | undefined; readonly secrets: Secrets }) {
    this.#key = key;
    this.#secrets = secrets;
  }

  secretOf(source: WebhookSecretSource, { tenant_context, trigger_id }: Pick<WebhookTrigger, 'tenant_context' | 'trigger_id'>): string | undefined {
    if (source.kind === 'none') return undefined;
    if (source.kind === 'ref') return this.#secrets.get(source.name);
    if (this.#key === undefined) return undefined;
    const { org_id, workspace_id, deployment_id = '' } = tenant_context;
    const whose = JSON.stringify(['countersign-webhook-secret-v1', org_id, workspace_id, deployment_id, trigger_id, source.generation]);
    return `whsec_${createHmac('sha256', this.#key).update(whose).digest('base64url')}`;
  }
}
