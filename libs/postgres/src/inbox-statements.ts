import { createHash } from 'node:crypto';
import type { DecidedFilter, InboxReader, PageRequest, PendingFilter, TenantKey } from '@cs/read-models';
import { boundedPage } from './answer-size.js';
import type { Statement } from './database.js';
import { seenAutomations } from './visibility.js';

const ofTenant = 'g.org_id = $1 and g.workspace_id = $2 and g.deployment_id = $3';

/** How a list is ordered, by the columns of an index; `at` falls from the first item to the last. */
const orders = {
  newest: { at: 'g.requested_at_ms', after: '(g.requested_at_ms, g.gate_opening_id) < ($4, $5)', by: 'g.requested_at_ms desc, g.gate_opening_id desc' },
  expiring: { at: '-g.expires_at_ms', after: 'g.expires_at_ms >= -$4::bigint and (g.expires_at_ms > -$4::bigint or g.gate_opening_id < $5)', by: 'g.expires_at_ms, g.gate_opening_id desc' },
  ended: { at: 'g.decided_at_ms', after: '(g.decided_at_ms, g.gate_opening_id) < ($4, $5)', by: 'g.decided_at_ms desc, g.gate_opening_id desc' },
} as const;

/** A gate that names nobody: `anyone`, or `anyone_named` where people have to be told apart. */
const namesNobody = `g.approvers in ('anyone', 'anyone_named')`;

/** Columns of the gate and of its automation `a`; its documents count with what becomes of them in an answer. */
const shownColumns = (ownerKeys: string) => `g.org_id, g.workspace_id, g.deployment_id, g.kind, g.status, g.gate_opening_id, g.automation_id, g.run_id, g.gate, g.requested_by, g.expires_at_ms, g.authority,
    g.decision, g.decided_by, g.decided_at_ms, g.reason, coalesce(a.name, g.automation_id) as workflow_name,
    (${ownerKeys}::text[] is null or a.viewers = '*' or coalesce(a.viewer_keys && ${ownerKeys}::text[], false)) as may_change`;
const withAutomation = 'left join countersign.automations a on a.org_id = g.org_id and a.workspace_id = g.workspace_id and a.automation_id = g.automation_id';

/** Statements with more filters are planned each time: a connection keeps every statement that has a name. */
const namedFilters = 2;

/** The values of a statement, in the order of its parameters. */
class Parameters {
  readonly #values: unknown[];
  #filters = 0;

  constructor(reader: InboxReader, { after, limit }: PageRequest) {
    this.#values = [reader.org_id, reader.workspace_id, reader.deployment_id, after?.at_ms ?? Number.MAX_SAFE_INTEGER, after?.id ?? '', limit + 1];
  }

  add(value: unknown): string {
    return `$${this.#values.push(value)}`;
  }

  /** ` and <condition>` for a filter that is set. */
  when<Value>(value: Value | undefined, condition: (parameter: string) => string): string {
    if (value === undefined) return '';
    this.#filters += 1;
    return ` and ${condition(this.add(value))}`;
  }

  statement(text: string): Statement {
    const name = `inbox_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`;
    return { text, values: this.#values, ...(this.#filters > namedFilters ? {} : { name }) };
  }
}

interface Shape {
  readonly order: keyof typeof orders;
  readonly status: `g.status ${string}`;
  /** Conditions on `g`, each with its leading "and". */
  readonly conditions: string;
  /** Conditions that an index for lists of keys answers: what they find is ordered afterwards. */
  readonly keyConditions?: string;
  /** Kinds to read one after the other. */
  readonly kinds?: string | undefined;
}

const kindsDriver = ({ kinds }: Shape): string => (kinds === undefined ? '' : `cross join unnest(${kinds}::text[]) as kinds (kind)`);
const ofKind = ({ kinds }: Shape): string => (kinds === undefined ? '' : ' and g.kind = kinds.kind');

/** The first keys of each driver in turn: each turn reads one range of one index. */
const inTurns = (shape: Shape, { automations, condition = '' }: { readonly automations?: string; readonly condition?: string }): string => {
  const { at, after, by } = orders[shape.order];
  const { keyConditions = '' } = shape;
  // What `offset 0` holds is planned on its own, without regard to the page.
  const source = keyConditions === '' ? 'countersign.gates g' : `(select * from countersign.gates g where ${ofTenant} and ${shape.status}${keyConditions} offset 0) as g`;
  const ofSeen = automations === undefined ? '' : ' and g.automation_id = seen.automation_id';
  return `select turn.* from (select 1) as once ${automations === undefined ? '' : `cross join (${automations}) as seen`} ${kindsDriver(shape)} cross join lateral (
      select g.gate_opening_id, ${at} as at_ms from ${source}
      where ${ofTenant} and ${shape.status} and g.gate is not null and ${after}${ofSeen}${ofKind(shape)}${condition}${shape.conditions} order by ${by} limit $6
    ) as turn`;
};

const pageOf = (branches: readonly string[], ownerKeys: string): string =>
  boundedPage(`
    select shown.*, keys.at_ms, keys.gate_opening_id as id from (${branches.map((branch) => `(${branch})`).join(' union ')} order by at_ms desc, gate_opening_id desc limit $6) as keys
    cross join lateral (
      select ${shownColumns(ownerKeys)}, 4 * octet_length(g.gate) as bytes from countersign.gates g ${withAutomation}
      where g.org_id = $1 and g.workspace_id = $2 and g.gate_opening_id = keys.gate_opening_id limit 1
    ) as shown
    order by keys.at_ms desc, keys.gate_opening_id desc`);

const seenBy = ({ viewer_keys }: InboxReader, parameters: Parameters): string | undefined => (viewer_keys === undefined ? undefined : seenAutomations(Number(parameters.add(viewer_keys).slice(1))));

const ownedBy = ({ owner_keys }: InboxReader, parameters: Parameters): string | undefined => {
  if (owner_keys === undefined) return undefined;
  const keys = parameters.add(owner_keys);
  return `select a.automation_id from countersign.automations a where a.org_id = $1 and a.workspace_id = $2 and a.deployment_id = $3 and (a.viewers = '*' or a.viewer_keys && ${keys}::text[])`;
};

const definedAutomations = (automations: string | undefined) => (automations === undefined ? {} : { automations });
const namedIn = (keys: string): string => ` and g.approver_keys && ${keys}::text[]`;
const withKeys = (shape: Shape, keyConditions: string): Shape => ({ ...shape, keyConditions: `${shape.keyConditions ?? ''}${keyConditions}` });

/** Whoever's seat the reader may take: at the gates of the delegation's scope. */
const takesSeat = (seats: string, more = ''): string => `exists (
  select 1 from jsonb_to_recordset(${seats}::jsonb) as seat (key text, person text, automation_ids jsonb, risk_tiers jsonb)
  where g.approver_keys @> array[seat.key] and (seat.automation_ids is null or seat.automation_ids ? g.automation_id) and (seat.risk_tiers is null or coalesce(seat.risk_tiers ? g.risk_tier, false))${more})`;

const seatRows = ({ seats = [] }: InboxReader): string => JSON.stringify(seats.map(({ key, delegation: { delegator, scope } }) => ({ key, person: delegator, ...scope })));

const seated = (reader: InboxReader, shape: Shape, { parameters, more }: { readonly parameters: Parameters; readonly more?: string }): readonly string[] => {
  const { seats = [] } = reader;
  if (seats.length === 0) return [];
  const taken = takesSeat(parameters.add(seatRows(reader)), more);
  return [inTurns(withKeys(shape, namedIn(parameters.add(seats.map(({ key }) => key)))), { condition: ` and ${taken}` })];
};

const seatIsFree = ' and not g.voter_keys @> array[seat.person] and (g.barred is null or g.barred <> seat.person)';

/** Everything that the reader sees, and what names them. */
const visible = (reader: InboxReader, shape: Shape, parameters: Parameters): readonly string[] => {
  const automations = seenBy(reader, parameters);
  const seen = inTurns(shape, definedAutomations(automations));
  if (automations === undefined || reader.named_keys.length === 0) return [seen];
  return [seen, inTurns(withKeys(shape, namedIn(parameters.add(reader.named_keys))), {}), ...seated(reader, shape, { parameters })];
};

/** What names the reader, and what names nobody of automations that are theirs; without what they voted on or have no authority for. */
const decidable = (reader: InboxReader, shape: Shape, { parameters, mine }: { readonly parameters: Parameters; readonly mine: NonNullable<PendingFilter['mine']> }): readonly string[] => {
  const authorities = parameters.add(mine.authorities);
  const voted = parameters.when(mine.voter ?? undefined, (voter) => `not g.voter_keys @> array[${voter}::text] and (g.barred is null or g.barred <> ${voter})`);
  const named = namedIn(parameters.add(reader.named_keys));
  const open = parameters.add(reader.open_keys);
  const own = { ...shape, conditions: `${shape.conditions} and (g.authority is null or g.authority_key = any(${authorities}::text[]))${voted}` };
  const automations = ownedBy(reader, parameters);
  return [
    inTurns(own, { ...definedAutomations(automations), condition: ` and ${namesNobody} and g.approvers = any(${open}::text[])` }),
    inTurns(withKeys(own, named), {}),
    ...seated(reader, own, { parameters, more: seatIsFree }),
  ];
};

const commonConditions = ({ automation_id, run_id, since_ms, until_ms }: PendingFilter | DecidedFilter, parameters: Parameters, at: string): string =>
  parameters.when(automation_id, (value) => `g.automation_id = ${value}`) + parameters.when(run_id, (value) => `g.run_id = ${value}`) +
  parameters.when(since_ms, (value) => `${at} >= ${value}`) + parameters.when(until_ms, (value) => `${at} <= ${value}`);

const kindsOf = ({ kinds }: PendingFilter | DecidedFilter, parameters: Parameters): string | undefined => (kinds === undefined ? undefined : parameters.add([...new Set(kinds)]));

const pendingShape = (filter: PendingFilter, parameters: Parameters): Shape => ({
  order: filter.expiring_before_ms === undefined ? 'newest' : 'expiring',
  status: `g.status = 'open'`,
  conditions:
    commonConditions(filter, parameters, 'g.requested_at_ms') + parameters.when(filter.risk_tier, (value) => `g.risk_tier = ${value}`) +
    parameters.when(filter.requester, (value) => `g.requester = ${value}`) + parameters.when(filter.expiring_before_ms, (value) => `g.expires_at_ms < ${value}`),
  keyConditions: parameters.when(filter.data_class, (value) => `g.data_class_keys @> array[${value}::text]`),
  kinds: kindsOf(filter, parameters),
});

/** A page of open gates. */
export const pendingStatement = (reader: InboxReader, filter: PendingFilter, page: PageRequest): Statement => {
  const parameters = new Parameters(reader, page);
  const owner = parameters.add(reader.owner_keys ?? null);
  const shape = pendingShape(filter, parameters);
  const branches = filter.mine === undefined ? visible(reader, shape, parameters) : decidable(reader, shape, { parameters, mine: filter.mine });
  return parameters.statement(pageOf(branches, owner));
};

/** A page of gates that are no longer open. */
export const decidedStatement = (reader: InboxReader, filter: DecidedFilter, page: PageRequest): Statement => {
  const parameters = new Parameters(reader, page);
  const owner = parameters.add(reader.owner_keys ?? null);
  const shape: Shape = {
    order: 'ended', status: `g.status <> 'open'`, kinds: kindsOf(filter, parameters),
    conditions: commonConditions(filter, parameters, 'g.decided_at_ms') + parameters.when(filter.decision, (value) => `g.decision = ${value}`),
  };
  return parameters.statement(pageOf(visible(reader, shape, parameters), owner));
};

/** One opening, of an automation that the reader sees, or that names them. */
export const openingStatement = (reader: InboxReader, gateOpeningId: string): Statement => ({
  name: 'inbox_opening',
  text: `select ${shownColumns('$5')} from countersign.gates g ${withAutomation}
    where ${ofTenant} and g.gate_opening_id = $4 and g.gate is not null
      and ($6::text[] is null or coalesce(a.viewer_keys && $6::text[], false) or g.approver_keys && $7::text[] or ${takesSeat('$8')})`,
  values: [reader.org_id, reader.workspace_id, reader.deployment_id, gateOpeningId, reader.owner_keys ?? null, reader.viewer_keys ?? null, reader.named_keys, seatRows(reader)],
});

const maxAuthorities = 5000;

/** Walks an index from one value to the next, however many gates have each. */
export const authoritiesStatement = ({ org_id, workspace_id, deployment_id }: TenantKey): Statement => {
  const next = (after: string): string =>
    `select g.authority_key, g.authority from countersign.gates g where ${ofTenant} and g.status = 'open' and g.authority is not null${after} order by g.authority_key limit 1`;
  return {
    name: 'inbox_authorities',
    text: `with recursive needed (authority_key, authority) as (
        (${next('')}) union all select more.* from needed cross join lateral (${next(' and g.authority_key > needed.authority_key')}) as more
      ) select authority_key, authority from needed limit ${maxAuthorities}`,
    values: [org_id, workspace_id, deployment_id],
  };
};
