import type { WebhookMatch } from '@cs/contracts';
import type { WaitRow, WebhookDeliveryRow, WebhookTriggerRow } from '@cs/read-models';
import { bigints, document, foldedDocument, text, texts, type BulkTable, type Column } from './bulk-table.js';

/** The one condition of a match that tells waits of the same trigger apart, as an index finds it; '' when there is none. */
export const matchKey = ({ provider_event_id, idempotency_key, body_digest }: WebhookMatch): string => {
  if (provider_event_id !== undefined) return `provider_event_id:${provider_event_id}`;
  if (idempotency_key !== undefined) return `idempotency_key:${idempotency_key}`;
  return body_digest === undefined ? '' : `body_digest:${body_digest}`;
};

type OfMatch = Pick<WaitRow, 'webhook_match'>;

/** Columns of a wait by which a delivery finds it. */
export const webhookMatchColumns: Readonly<Record<string, Column<OfMatch>>> = {
  match_trigger_id: text(({ webhook_match }: OfMatch) => webhook_match?.trigger_id ?? null),
  match_key: text(({ webhook_match }: OfMatch) => (webhook_match === null ? null : matchKey(webhook_match))),
  webhook_match: foldedDocument(({ webhook_match }: OfMatch) => webhook_match),
};

const triggers: BulkTable<WebhookTriggerRow> = {
  name: 'webhook_triggers',
  conflict: ['org_id', 'workspace_id', 'trigger_id'],
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'trigger_id', 'automation_id', 'status'),
    ...bigints('created_at_ms', 'updated_at_ms', 'position'),
    trigger: document(({ trigger }) => trigger),
  },
};

const learned = ['trigger_id', 'automation_id', 'status', 'outcome', 'reason', 'provider', 'provider_event_kind', 'provider_event_id', 'idempotency_key', 'body_digest', 'run_id', 'wait_id'] as const;

const deliveries: BulkTable<WebhookDeliveryRow> = {
  name: 'webhook_deliveries',
  conflict: ['org_id', 'workspace_id', 'delivery_id'],
  merge: {
    ...Object.fromEntries([...learned, 'body_bytes', 'received_at_ms'].map((column) => [column, 'coalesce({new}, {old})'])),
    repeated: '{old} + {new}', deployment_id: '{old}',
  },
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'delivery_id', ...learned),
    ...bigints('body_bytes', 'received_at_ms', 'repeated', 'updated_at_ms', 'position'),
  },
};

export const webhookTables = { webhook_triggers: triggers, webhook_deliveries: deliveries };
