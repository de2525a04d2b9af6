import type { HandoffArtifact, TenantContext, WatchCondition, WatchEvent } from '@cs/contracts';
import { accept, type Decision } from '@cs/kernel';

/** What the watch conditions of an automation last led to; `undefined` for nothing yet. */
export type WatchState = { readonly automation_id: string; readonly tenant_context: TenantContext; readonly handoff_id: string; readonly run_id: string; readonly triggered_at_ms: number } | undefined;

/** Names the handoff that starts the next run of an automation. */
export interface TriggerWatch {
  readonly automation_id: string;
  readonly tenant_context: TenantContext;
  readonly handoff_id: string;
  readonly run_id: string;
  readonly definition_hash: string;
  readonly definition_version: string;
  /** The run that was last when it was found that no run is active: another one since means to look again. */
  readonly after_run_id: string | undefined;
}

/** Nothing when another handoff was taken meanwhile: one run after the other. */
export const decideWatch = ({ after_run_id, ...triggered }: TriggerWatch, state: WatchState): Decision<WatchEvent, never> =>
  state?.run_id === after_run_id && state?.run_id !== triggered.run_id ? accept({ event_type: 'watch_triggered', data: triggered }) : accept();

export const evolveWatch = (_state: WatchState, { data, recorded_at_ms }: WatchEvent & { readonly recorded_at_ms: number }): WatchState => ({
  automation_id: data.automation_id, tenant_context: data.tenant_context, handoff_id: data.handoff_id, run_id: data.run_id, triggered_at_ms: recorded_at_ms,
});

/** Whether a handoff is what a condition waits for: every member that is there must be equal. */
export const fitsWatch = ({ source_automation_id, artifact_type }: WatchCondition, handoff: HandoffArtifact): boolean =>
  (source_automation_id ?? handoff.source_automation_id) === handoff.source_automation_id && (artifact_type ?? handoff.artifact_type) === handoff.artifact_type;
