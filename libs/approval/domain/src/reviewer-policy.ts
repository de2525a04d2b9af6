import type { DataClass, PendingGate, ResourceRef, RiskTier, Run } from '@cs/contracts';
import { isJsonObject, type Json } from '@cs/kernel';

export type ReviewerEligibility = 'none' | 'any_human_reviewer' | 'elevated_reviewer';

/** What of a gate, or of a question, says who may decide it. */
export type Reviewed = Pick<PendingGate, 'node_id' | 'metadata' | 'risk_tier' | 'data_classes'>;

/** What a gate demands of whoever approves it (domain 5.2). */
export interface ReviewerPolicy {
  readonly eligibility: ReviewerEligibility;
  readonly risk_tier: RiskTier | undefined;
  readonly data_classes: readonly DataClass[];
  readonly resource: ResourceRef;
}

type OfRun = Pick<Run, 'automation_id' | 'tenant_context'>;

const eligibilities: ReadonlySet<string> = new Set<ReviewerEligibility>(['none', 'any_human_reviewer', 'elevated_reviewer']);

interface Tier {
  readonly needsApproval: boolean;
  readonly elevated: boolean;
}

const harmless: Tier = { needsApproval: false, elevated: false };
const consequential: Tier = { needsApproval: true, elevated: false };
const grave: Tier = { needsApproval: true, elevated: true };

const tiers: Readonly<Record<RiskTier, Tier>> = {
  read_discover: harmless, internal_write: harmless, external_draft: harmless, customer_data_access: harmless, source_code_mutation: harmless,
  consequential_write: consequential, external_send: consequential,
  financial_record_access: grave, credential_admin: grave, destructive_delete: grave, money_movement_contract: grave,
};

const classes: Readonly<Record<DataClass, { readonly elevated: boolean }>> = {
  public: { elevated: false }, internal: { elevated: false }, confidential: { elevated: false }, customer_data: { elevated: false }, source_code: { elevated: false },
  restricted: { elevated: true }, credential: { elevated: true }, financial_record: { elevated: true }, executive: { elevated: true }, regulated: { elevated: true },
};

const isRiskTier = (word: string): word is RiskTier => Object.hasOwn(tiers, word);
const isDataClass = (word: string): word is DataClass => Object.hasOwn(classes, word);

/** A risk tier that needs approval by default; an unknown word is none. */
export const needsApproval = (riskTier: string | undefined): boolean => riskTier !== undefined && isRiskTier(riskTier) && tiers[riskTier].needsApproval;
export const isElevatedTier = (riskTier: RiskTier): boolean => tiers[riskTier].elevated;
export const isElevatedClass = (dataClass: DataClass): boolean => classes[dataClass].elevated;

/** The values at `/{place}/{name}`, for the places in their order; the empty place is the top. */
const valuesAt = (metadata: PendingGate['metadata'], places: readonly string[], name: string): readonly Json[] =>
  places.flatMap((place) => {
    const holder = place === '' ? metadata : metadata?.[place];
    const value = isJsonObject(holder) ? holder[name] : undefined;
    return value === undefined ? [] : [value];
  });

const firstWord = <Word extends string>(values: readonly Json[], isKnown: (word: string) => word is Word): Word | undefined => {
  const [value] = values;
  return typeof value === 'string' && isKnown(value) ? value : undefined;
};

const isEligibility = (word: string): word is ReviewerEligibility => eligibilities.has(word);
const everywhere = ['gate', 'policy', ''];

const dataClassesOf = ({ metadata, data_classes = [] }: Reviewed): readonly DataClass[] => {
  const [list] = valuesAt(metadata, everywhere, 'data_classes');
  const single = valuesAt(metadata, everywhere, 'data_class').slice(0, 1);
  const words = [...data_classes, ...(Array.isArray(list) ? (list as readonly Json[]) : []), ...single];
  return [...new Set(words.filter((word) => typeof word === 'string').filter(isDataClass))];
};

const resourceOf = ({ metadata, node_id }: Reviewed, { automation_id, tenant_context }: OfRun): ResourceRef => {
  const [given] = valuesAt(metadata, everywhere, 'resource');
  const text = (name: string): string | undefined => {
    const value = isJsonObject(given) ? given[name] : undefined;
    return typeof value === 'string' && value.trim() !== '' ? value : undefined;
  };
  const project_id = text('project_id');
  const path_prefix = text('path_prefix');
  return {
    // Whatever a definition says, its gates protect things of its own tenant.
    organization_id: tenant_context.org_id, workspace_id: tenant_context.workspace_id, parent_path: [],
    resource_kind: (text('resource_kind') ?? 'approval') as ResourceRef['resource_kind'],
    resource_id: text('resource_id') ?? `${automation_id}:${node_id}`,
    ...(project_id === undefined ? {} : { project_id }), ...(path_prefix === undefined ? {} : { path_prefix }),
  };
};

/** Reads the policy of an open gate. What cannot be read counts as absent (domain 5.2). */
export const reviewerPolicy = (gate: Reviewed, run: OfRun): ReviewerPolicy => ({
  eligibility: firstWord(valuesAt(gate.metadata, ['gate', ''], 'reviewer_eligibility'), isEligibility) ?? 'none',
  risk_tier: firstWord(valuesAt(gate.metadata, everywhere, 'risk_tier'), isRiskTier) ?? (gate.risk_tier !== undefined && isRiskTier(gate.risk_tier) ? gate.risk_tier : undefined),
  data_classes: dataClassesOf(gate),
  resource: resourceOf(gate, run),
});

/** Who asked for it may not approve it. */
export const isConsequential = ({ eligibility, risk_tier, data_classes }: Pick<ReviewerPolicy, 'eligibility' | 'risk_tier' | 'data_classes'>): boolean =>
  eligibility !== 'none' || (risk_tier !== undefined && tiers[risk_tier].needsApproval) || data_classes.some(isElevatedClass);

/** Being a person is not enough: the approver needs granted authority. */
export const requiresAuthority = ({ eligibility, data_classes }: ReviewerPolicy): boolean => eligibility === 'elevated_reviewer' || data_classes.length > 0;
