import { accept, definedMembers, refuse, type Decision, type Refusal } from '@cs/kernel';
import type { EffectPolicyEvent, EffectPolicyInput, EffectPolicyVersion, GovernanceActor, TenantContext } from '@cs/contracts';

/** The active version; `undefined` while the workspace has published none. */
export type EffectPolicyState = (EffectPolicyVersion & { readonly recent_commands: readonly { readonly command_id: string; readonly number: number }[] }) | undefined;

/** Publications that a policy remembers: enough for the repetitions of a caller that was not answered. */
const rememberedCommands = 16;

/** Makes a policy, which was checked, the active one. */
export interface PublishPolicy {
  readonly policy: EffectPolicyInput;
  readonly digest: string;
  readonly note?: string | undefined;
  /** Number of the version that the caller has read, 0 for none; another active one is not replaced. Absent: whichever it is. */
  readonly replaces?: number | undefined;
  readonly published_by: GovernanceActor;
  readonly tenant_context: TenantContext;
  readonly command_id?: string | undefined;
}

export type EffectPolicyRefusal = Refusal<'EFFECT_POLICY_CHANGED'>;

const isPublishedAlready = ({ digest, command_id }: PublishPolicy, state: EffectPolicyState): boolean =>
  state !== undefined && (state.digest === digest || state.recent_commands.some((known) => known.command_id === command_id));

/** What is active stays so when it is published again: by the same command, or with the same content. */
export const decideEffectPolicy = (command: PublishPolicy, state: EffectPolicyState): Decision<EffectPolicyEvent, EffectPolicyRefusal> => {
  const { policy, digest, note, replaces, published_by, tenant_context, command_id } = command;
  const active = state?.number ?? 0;
  if (isPublishedAlready(command, state)) return accept();
  if (replaces !== undefined && replaces !== active) {
    return refuse({ code: 'EFFECT_POLICY_CHANGED', message: `version ${active} is active by now, not ${replaces}`, details: { active_version: active } });
  }
  const number = active + 1;
  const policy_version = `${number}:${digest.slice('sha256:'.length, 'sha256:'.length + 12)}`;
  return accept({ event_type: 'effect_policy_published', data: { ...policy, number, policy_version, digest, published_by, tenant_context, ...definedMembers({ note, command_id }) } });
};

export const evolveEffectPolicy = (state: EffectPolicyState, { data, recorded_at_ms }: EffectPolicyEvent & { readonly recorded_at_ms: number }): EffectPolicyState => {
  const { command_id, ...version } = data;
  const known = state?.recent_commands ?? [];
  return { ...version, published_at_ms: recorded_at_ms, recent_commands: command_id === undefined ? known : [...known, { command_id, number: version.number }].slice(-rememberedCommands) };
};
