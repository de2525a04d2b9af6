import { runIdSchema, type DecisionReceipt } from '@cs/contracts';
import { z } from 'zod';
import { defineRoute } from './route.js';

const tag = 'approvals';
const json = 'application/json';

const receiptResource = z.object({
  node_id: z.string(),
  gate_opening_id: z.string(),
  decision: z.string(),
  decided_at_ms: z.int().nonnegative(),
  receipt: z.string().describe('Compact JWS (RFC 7515) with Ed25519; `typ` is `countersign-receipt+jwt`'),
}) satisfies z.ZodType<DecisionReceipt>;

export const listReceipts = defineRoute({
  operationId: 'listReceipts', method: 'GET', path: '/automations/v2/runs/{run_id}/receipts', tag, access: 'tenant', kind: 'log-read',
  summary: 'Signed receipts of the decisions on a run, oldest first',
  description: 'Anyone can check a receipt with the keys of `/.well-known/jwks.json`, without this installation. The same decision gives the same receipt as long as the key is the same.',
  params: z.object({ run_id: runIdSchema }),
  answer: { description: 'The receipts', mediaType: json, schema: z.object({ run_id: z.string(), receipts: z.array(receiptResource) }) },
  errors: ['AUTOMATION_V2_RUN_NOT_FOUND', 'RECEIPTS_NOT_CONFIGURED'],
});

export const receiptKeys = defineRoute({
  operationId: 'receiptKeys', method: 'GET', path: '/.well-known/jwks.json', tag, access: 'public', kind: 'document',
  summary: 'Public keys that receipts are checked with (JWK set, RFC 7517)',
  answer: { description: 'The keys', mediaType: json, schema: z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) }) },
  errors: ['SERVICE_UNAVAILABLE'],
});
