import type { HumanRequestRecord } from '@cs/contracts';
import { redactCredentials } from '@cs/kernel';
import type { HumanRequestRow } from './human-request-row.js';
import type { ItemsPage, PageRequest } from './projection-queries.port.js';
import type { Reader } from './tenant-key.js';

/** Which requests; absent members hold for all. */
export interface HumanRequestFilter {
  readonly kind?: string;
  readonly status?: string;
  readonly run_id?: string;
  readonly automation_id?: string;
  readonly agent?: string;
  /** Inclusive. */
  readonly since_ms?: number;
  /** Inclusive. */
  readonly until_ms?: number;
  /**
   * Only what is open and asks the reader: by name, role or group, or nobody in particular in an automation that
   * these keys of a reader own; null owns every automation.
   */
  readonly open_to_owner?: readonly string[] | null;
}

/** Who reads requests: as with runs, and whoever is asked sees what they are asked. */
export interface AskedReader extends Reader {
  /** Keys of the reader's person, roles and groups (`deciderKeysOf`). */
  readonly asked_keys: readonly string[];
}

/** Reads the questions and escalations of one tenant. Throws `ProjectionUnavailableError` when the projections cannot be reached. */
export interface HumanRequestQueries {
  humanRequests(reader: AskedReader, filter: HumanRequestFilter, page: PageRequest): Promise<ItemsPage<HumanRequestRecord>>;
  humanRequest(reader: AskedReader, requestId: string): Promise<HumanRequestRecord | undefined>;
}

export type ShownHumanRequest = HumanRequestRow & { readonly workflow_name: string };

type OfKind = Pick<HumanRequestRecord, 'prompt' | 'schema' | 'default' | 'ask' | 'roles' | 'declined' | 'respond_endpoint'>;

const ofKind = ({ request, run_id, request_id }: Pick<ShownHumanRequest, 'request' | 'run_id' | 'request_id'>): OfKind => {
  const run = `/automations/v2/runs/${run_id}`;
  if (request.kind === 'escalation') {
    const { reason: prompt, roles, asked, declined } = request;
    return { prompt: redactCredentials(prompt), schema: null, ask: null, roles: roles.slice(0, asked), declined, respond_endpoint: `${run}/escalations/${request_id}/respond` };
  }
  const { prompt, schema = null, ask = null } = request;
  return { prompt: redactCredentials(prompt), schema, ask, ...(request.default === undefined ? {} : { default: request.default }), roles: null, declined: [], respond_endpoint: `${run}/questions/${request_id}/answer` };
};

/** A request as clients read it. */
export const toHumanRequestRecord = ({ answer, ...row }: ShownHumanRequest): HumanRequestRecord => {
  const { request_id, kind, status, run_id, automation_id, workflow_name, node_id, item, agent, requested_by, requested_at_ms, expires_at_ms, conversion, answer_source, responded_by, ended_at_ms, reason } = row;
  return {
    request_id, kind, status, run_id, automation_id, workflow_name, node_id, item, agent, ...ofKind(row), requested_by, requested_at_ms, expires_at_ms,
    ...(answer === null ? {} : { answer: answer.value }), conversion, answer_source, responded_by, ended_at_ms, reason,
  };
};
