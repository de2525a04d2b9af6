import { scopeKeysOf, scopeOf, type AutomationRow, type DefinitionRow } from '@cs/read-models';
import { bigints, document, foldedDocument, text, texts, type BulkTable } from './bulk-table.js';

const automations: BulkTable<AutomationRow> = {
  name: 'automations',
  conflict: ['org_id', 'workspace_id', 'automation_id'],
  merge: { created_at_ms: 'least({new}, {old})' },
  columns: {
    ...texts('org_id', 'workspace_id', 'deployment_id', 'automation_id', 'name', 'status', 'definition_version', 'definition_hash'),
    ...bigints('created_at_ms', 'updated_at_ms', 'position'),
    tenant_context: document(({ tenant_context }) => tenant_context),
    viewers: text(({ viewers }) => viewers.join('\n')),
    owner_kind: text(({ owner }) => owner?.kind ?? null),
    owner_id: text(({ owner }) => owner?.id ?? null),
  },
};

const definitions: BulkTable<DefinitionRow> = {
  name: 'definitions',
  conflict: ['org_id', 'workspace_id', 'definition_hash'],
  // A hash names one content for ever.
  keep: true,
  columns: {
    ...texts('org_id', 'workspace_id', 'definition_hash'), ...bigints('position'), definition: document(({ definition }) => definition),
    automation_id: text(({ definition }) => definition.automation_id),
    scope: foldedDocument(({ definition }) => scopeOf(definition)),
    scope_owner_kind: text(({ definition }) => scopeOf(definition).owner_principal?.kind ?? null),
    scope_owner_id: text(({ definition }) => scopeOf(definition).owner_principal?.id ?? null),
    scope_lines: text(({ definition }) => scopeKeysOf(definition).join('\n')),
  },
};

/** Automations as they are now, and every definition that there was. */
export const automationTables = { automations, definitions } as const;
