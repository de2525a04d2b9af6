import type { ScheduleState } from '@cs/automation-domain';
import type { AutomationRecord } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import { armSchedule, type ArmScheduleOptions } from './arm-schedule.command-handler.js';

interface StoredAutomation {
  readonly automation: AutomationRecord;
  readonly position: number;
}

const hasSchedule = ({ status, schedule }: AutomationRecord): boolean => status === 'active' && schedule.type !== 'manual';

const timesOf = (state: ScheduleState): Pick<AutomationRecord, 'next_fire_at_ms' | 'last_fired_at_ms'> => {
  const next_fire_at_ms = state?.status === 'armed' ? state.next_fire_at_ms : undefined;
  const last_fired_at_ms = state?.last_fired_at_ms;
  return { ...(next_fire_at_ms === undefined ? {} : { next_fire_at_ms }), ...(last_fired_at_ms === undefined ? {} : { last_fired_at_ms }) };
};

/**
 * Arms the schedule of an automation that was just stored, so that the answer says when it fires. A
 * failure is no failure of the command: what was stored is armed by the consumer of its commit.
 */
export const armStored = async <Stored extends StoredAutomation>(options: ArmScheduleOptions, result: Result<Stored>): Promise<Result<Stored>> => {
  if (!result.ok || !hasSchedule(result.value.automation)) return result;
  const { automation, position } = result.value;
  const { org_id, workspace_id } = automation.tenant_context;
  try {
    const { state, position: armedAt } = await armSchedule(options, { org_id, workspace_id, aggregate: 'automation', id: automation.automation_id });
    return { ok: true, value: { ...result.value, automation: { ...automation, ...timesOf(state) }, position: Math.max(position, armedAt) } };
  } catch {
    return result;
  }
};
