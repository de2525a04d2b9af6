import type { GovernanceActor, HandoffArtifact, HandoffEvent, HandoffRecord, TenantContext } from '@cs/contracts';
import { accept, assertNever, refuse, type Decision, type Refusal } from '@cs/kernel';

interface StoredHandoff {
  readonly handoff: HandoffArtifact;
  readonly tenant_context: TenantContext;
}
export interface OpenHandoff extends StoredHandoff { readonly status: 'inbox' | 'approved' }
export interface ArchivedHandoff extends StoredHandoff {
  readonly status: 'archived';
  readonly consumed_by_run_id: string;
  readonly consumed_by_automation_id: string;
  readonly consumed_at_ms: number;
}
/** A handoff, or `undefined` before its deposit. */
export type HandoffState = OpenHandoff | ArchivedHandoff | undefined;

export interface DepositHandoff {
  readonly type: 'deposit';
  readonly handoff: HandoffArtifact;
  readonly tenant_context: TenantContext;
  readonly auto_approve: boolean;
  readonly deposited_by: GovernanceActor;
}
export interface ApproveHandoff { readonly type: 'approve'; readonly approved_by: GovernanceActor }
/** Takes an approved handoff for a run. One that is not there to be had changes nothing. */
export interface ConsumeHandoff { readonly type: 'consume'; readonly run_id: string; readonly automation_id: string }

export type HandoffCommand = DepositHandoff | ApproveHandoff | ConsumeHandoff;
export type HandoffRefusal = Refusal<'AUTOMATION_V2_HANDOFF_NOT_FOUND' | 'AUTOMATION_V2_HANDOFF_REQUIRES_HUMAN'>;
type Decided = Decision<HandoffEvent, HandoffRefusal>;

const identityOf = ({ handoff, tenant_context }: StoredHandoff) => ({ handoff_id: handoff.handoff_id, target_automation_id: handoff.target_automation_id, tenant_context });

const deposit = ({ handoff, tenant_context, auto_approve, deposited_by }: DepositHandoff, state: HandoffState): Decided =>
  state === undefined
    ? accept({ event_type: 'handoff_deposited', data: { handoff, tenant_context, status: auto_approve ? 'approved' : 'inbox', deposited_by } })
    : accept();

const approve = ({ approved_by }: ApproveHandoff, state: HandoffState): Decided => {
  if (state === undefined) return refuse({ code: 'AUTOMATION_V2_HANDOFF_NOT_FOUND', message: 'there is no such handoff' });
  if (approved_by.kind !== 'human') return refuse({ code: 'AUTOMATION_V2_HANDOFF_REQUIRES_HUMAN', message: 'only a person may approve a handoff' });
  return state.status === 'inbox' ? accept({ event_type: 'handoff_approved', data: { ...identityOf(state), approved_by } }) : accept();
};

const consume = ({ run_id, automation_id }: ConsumeHandoff, state: HandoffState): Decided =>
  state?.status === 'approved' && state.handoff.target_automation_id === automation_id
    ? accept({ event_type: 'handoff_consumed', data: { ...identityOf(state), consumed_by_run_id: run_id, consumed_by_automation_id: automation_id } })
    : accept();

/** Judges a command against a handoff (domain 2.6). */
export const decideHandoff = (command: HandoffCommand, state: HandoffState): Decided => {
  switch (command.type) {
    case 'deposit': return deposit(command, state);
    case 'approve': return approve(command, state);
    case 'consume': return consume(command, state);
    default: return assertNever(command);
  }
};

/** Folds one recorded event. */
export const evolveHandoff = (state: HandoffState, event: HandoffEvent & { readonly recorded_at_ms: number }): HandoffState => {
  switch (event.event_type) {
    case 'handoff_deposited': return { status: event.data.status, handoff: event.data.handoff, tenant_context: event.data.tenant_context };
    case 'handoff_approved': return state && { status: 'approved', handoff: state.handoff, tenant_context: state.tenant_context };
    case 'handoff_consumed': {
      const { consumed_by_run_id, consumed_by_automation_id } = event.data;
      return state && { status: 'archived', handoff: state.handoff, tenant_context: state.tenant_context, consumed_by_run_id, consumed_by_automation_id, consumed_at_ms: event.recorded_at_ms };
    }
    default: return assertNever(event);
  }
};

/** The handoff as clients read it. */
export const toHandoffRecord = ({ handoff, tenant_context: _tenant, ...state }: OpenHandoff | ArchivedHandoff): HandoffRecord => ({ ...handoff, ...state });
