import { governanceMetadataSchema, problemsOf, type AutomationDefinition, type CallContext, type GovernanceMetadata, type Problem, type Provenance } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';

/** `metadata.governance` of a definition; what cannot be read is nothing. */
const governanceOf = ({ metadata }: Pick<AutomationDefinition, 'metadata'>): GovernanceMetadata => {
  const parsed = governanceMetadataSchema.safeParse(metadata?.['governance'] ?? {});
  return parsed.success ? parsed.data : {};
};

/** The agent that made it, and on whose behalf; `undefined` when a person did. */
export const provenanceOf = (definition: Pick<AutomationDefinition, 'metadata'>): Provenance | undefined => governanceOf(definition).provenance;

export const declaredCapabilities = (definition: Pick<AutomationDefinition, 'metadata'>): readonly string[] | undefined => governanceOf(definition).declared_capabilities;

export const governanceProblems = ({ metadata }: Pick<AutomationDefinition, 'metadata'>): readonly Problem[] => {
  const parsed = governanceMetadataSchema.omit({ provenance: true }).safeParse(metadata?.['governance'] ?? {});
  return parsed.success ? [] : problemsOf(parsed.error).map((problem) => ({ ...problem, path: `metadata.governance${problem.path === '' ? '' : `.${problem.path}`}` }));
};

const withGovernance = (definition: AutomationDefinition, governance: GovernanceMetadata): AutomationDefinition => {
  const { governance: _sent, ...metadata } = definition.metadata ?? {};
  const kept = JSON.parse(JSON.stringify(governance)) as JsonObject;
  if (Object.keys(kept).length > 0) return { ...definition, metadata: { ...metadata, governance: kept } };
  return definition.metadata?.['governance'] === undefined ? definition : { ...definition, metadata };
};

/** Who made it is what the call says, whatever the definition says. */
export const withProvenance = (definition: AutomationDefinition, { actor, ancestors = [] }: CallContext): AutomationDefinition => {
  const { provenance: _sent, ...declared } = governanceOf(definition);
  return withGovernance(definition, actor.kind === 'agent' ? { ...declared, provenance: { creator: actor, ancestors, depth: ancestors.length } } : declared);
};

/** Editing does not change who made it. */
export const keepingProvenance = (definition: AutomationDefinition, before: AutomationDefinition): AutomationDefinition => {
  const { provenance: _sent, ...declared } = governanceOf(definition);
  const provenance = provenanceOf(before);
  return withGovernance(definition, provenance === undefined ? declared : { ...declared, provenance });
};
