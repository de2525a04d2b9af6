import type { HumanRequestRecord } from '@cs/contracts';
import { toHumanRequestRecord, type AskedReader, type HumanRequestFilter, type HumanRequestQueries, type ItemsPage, type PageRequest, type ShownHumanRequest } from '@cs/read-models';
import { boundedPage, keysetValues, toPage, type PagedRow } from './answer-size.js';
import { askDatabase } from './ask-database.js';
import type { Database } from './database.js';
import { isSeenThrough } from './visibility.js';

type Documents = 'request' | 'requested_by' | 'responded_by' | 'answer';
type HumanRequestDocument = Omit<ShownHumanRequest, Documents | 'asked'> & { readonly [Member in Documents]: string | null };

const columns = `h.org_id, h.workspace_id, h.deployment_id, h.request_id, h.run_id, h.automation_id, h.node_id, h.item, h.kind, h.status, h.agent, h.request, h.requested_by,
  h.requested_at_ms, h.expires_at_ms, h.answer, h.conversion, h.answer_source, h.responded_by, h.ended_at_ms, h.reason, h.position, coalesce(a.name, h.automation_id) as workflow_name`;
const source = 'countersign.human_requests h left join countersign.automations a using (org_id, workspace_id, automation_id)';
const ofTenant = 'h.org_id = $1 and h.workspace_id = $2 and h.deployment_id = $3';

/** As with its automation; or whoever is asked. */
const isVisible = (viewers: number, asked: number): string => `(${isSeenThrough('h', viewers)} or h.asked_keys && $${asked}::text[])`;

/** What asks the reader, whose keys are the eighth parameter, or whoever owns the automation. */
const asksReader = (ownerKeys: number): string =>
  `h.status = 'pending' and (h.asked_keys && $8::text[] or h.asked = '' and ($${ownerKeys}::text[] is null or a.viewers = '*' or a.viewer_keys && $${ownerKeys}::text[]))`;

/** The condition of each filter; a query has those that are asked for, so that each finds its index. */
const conditions: readonly (readonly [keyof HumanRequestFilter, (parameter: number) => string])[] = [
  ['kind', (n) => `h.kind = $${n}`], ['status', (n) => `h.status = $${n}`], ['run_id', (n) => `h.run_id = $${n}`], ['automation_id', (n) => `h.automation_id = $${n}`],
  ['agent', (n) => `h.agent = $${n}`], ['since_ms', (n) => `h.requested_at_ms >= $${n}::bigint`], ['until_ms', (n) => `h.requested_at_ms <= $${n}::bigint`],
  ['open_to_owner', asksReader],
];

const listOf = (filter: HumanRequestFilter) => {
  const asked = conditions.filter(([name]) => filter[name] !== undefined);
  const where = asked.map(([, condition], index) => ` and ${condition(index + 9)}`).join('');
  return {
    name: `human_requests${asked.map(([name]) => `_${name}`).join('')}`, values: asked.map(([name]) => filter[name]),
    text: boundedPage(`
      select ${columns}, h.requested_at_ms as at_ms, h.request_id as id, octet_length(h.request) + coalesce(octet_length(h.answer), 0) as bytes from ${source}
      where ${ofTenant} and (h.requested_at_ms, h.request_id) < ($4, $5) and ${isVisible(7, 8)}${where} order by h.requested_at_ms desc, h.request_id desc limit $6`),
  };
};

const readDocument = <Value>(text: string): Value => JSON.parse(text) as Value;
const readOptional = <Value>(text: string | null): Value | null => (text === null ? null : readDocument(text));

const read = ({ request, requested_by, responded_by, answer, ...row }: HumanRequestDocument): HumanRequestRecord =>
  toHumanRequestRecord({ ...row, asked: [], request: readDocument(request ?? ''), requested_by: readDocument(requested_by ?? ''), responded_by: readOptional(responded_by), answer: readOptional(answer) });

const tenantOf = ({ org_id, workspace_id, deployment_id }: AskedReader): readonly string[] => [org_id, workspace_id, deployment_id];

/** Questions and escalations in PostgreSQL. */
export class PostgresHumanRequestQueries implements HumanRequestQueries {
  constructor(private readonly database: Database) {}

  async humanRequests(reader: AskedReader, filter: HumanRequestFilter, page: PageRequest): Promise<ItemsPage<HumanRequestRecord>> {
    const { values, ...statement } = listOf(filter);
    const rows = await askDatabase<HumanRequestDocument & PagedRow>(this.database, {
      ...statement, values: [...tenantOf(reader), ...keysetValues(page), reader.viewer_keys ?? null, reader.asked_keys, ...values],
    });
    return toPage(rows, page, read);
  }

  async humanRequest(reader: AskedReader, requestId: string): Promise<HumanRequestRecord | undefined> {
    const [row] = await askDatabase<HumanRequestDocument>(this.database, {
      name: 'human_request', text: `select ${columns} from ${source} where ${ofTenant} and h.request_id = $4 and ${isVisible(5, 6)}`,
      values: [...tenantOf(reader), requestId, reader.viewer_keys ?? null, reader.asked_keys],
    });
    return row && read(row);
  }
}
