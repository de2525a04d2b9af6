import { principalOf } from '@cs/automation-domain';
import { visibilitySchema, type AutomationDefinition, type CallContext, type PrincipalRef, type ResourceAccess } from '@cs/contracts';
import { accepted, refused, type Json, type JsonObject, type Result } from '@cs/kernel';
import { accessOf } from './resource-access.js';
import { changeAutomation, type AutomationOptions, type Stored } from './store-automation.command-handler.js';

interface OfAutomation {
  readonly automation_id: string;
}

const reasonOf = (reason: string | undefined, fallback: string): string => {
  const trimmed = reason?.trim() ?? '';
  return trimmed === '' ? fallback : trimmed;
};

/**
 * No run of the automation is claimed from now on; those that execute are paused by whoever hears the
 * commit. Pausing a paused automation changes nothing.
 */
export const pauseAutomation = (options: AutomationOptions, context: CallContext, { automation_id, reason }: OfAutomation & { readonly reason?: string | undefined }): Promise<Result<Stored>> =>
  changeAutomation(options, context, {
    automation_id, edit: (definition) => accepted({ type: 'pause', reason: reasonOf(reason, 'paused by operator'), definition: { ...definition, status: 'paused' } }),
  });

/** Runs that were held are released; runs that were paused stay so. */
export const resumeAutomation = (options: AutomationOptions, context: CallContext, { automation_id }: OfAutomation): Promise<Result<Stored>> =>
  changeAutomation(options, context, { automation_id, edit: (definition) => accepted({ type: 'resume', definition: { ...definition, status: 'active' } }) });

/** The automation is gone for everybody; runs that exist go on with the definition that they pin. */
export const deleteAutomation = (options: AutomationOptions, context: CallContext, { automation_id }: OfAutomation): Promise<Result<Stored>> =>
  changeAutomation(options, context, { automation_id, edit: (definition) => accepted({ type: 'delete', definition }) });

interface Share extends OfAutomation {
  readonly visibility: string;
  /** Absent: the audience stays as it is. */
  readonly audience_principals?: readonly PrincipalRef[] | undefined;
}

const ownAccess = ({ actor, verified }: CallContext): ResourceAccess => ({
  owner_principal: verified === undefined ? { kind: 'human_user', id: actor.actor_id ?? 'local' } : principalOf(verified), visibility: 'private', audience_principals: [], created_by: actor,
});

const withAccess = (definition: AutomationDefinition, access: ResourceAccess): AutomationDefinition => ({
  ...definition, metadata: { ...definition.metadata, resource_access: JSON.parse(JSON.stringify(access)) as JsonObject satisfies Json },
});

/** Says who sees an automation beside its owner. Only people share. */
export const shareAutomation = async (options: AutomationOptions, context: CallContext, { automation_id, visibility, audience_principals }: Share): Promise<Result<Stored>> => {
  const wanted = visibilitySchema.safeParse(visibility.trim());
  if (!wanted.success) return refused('AUTOMATION_V2_INVALID_VISIBILITY', `"${visibility}" is no visibility; use private, group or org`, { automationID: automation_id });
  if (context.actor.kind === 'agent') return refused('AUTOMATION_V2_ACCESS_DENIED', 'an agent may not share an automation', { automationID: automation_id });
  return await changeAutomation(options, context, {
    automation_id,
    edit: (definition) => {
      const before = accessOf(definition) ?? ownAccess(context);
      const access: ResourceAccess = { ...before, visibility: wanted.data, audience_principals: audience_principals ?? before.audience_principals, updated_by: context.actor };
      return accepted({ type: 'share', definition: withAccess(definition, access), visibility: access.visibility, audience_principals: access.audience_principals });
    },
  });
};
