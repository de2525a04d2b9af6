import { holdsRuns } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { holdWhilePaused, pauseWithAutomation, settlePause, type AutomationStatuses, type PauseOptions } from './automation-pause.js';
import type { RunMeter } from './run-meter.port.js';
import type { RunSession } from './run-session.js';

interface HoldOptions extends PauseOptions {
  /** Absent: no automation is paused. */
  readonly automations?: AutomationStatuses;
  readonly meter?: RunMeter;
}

/** What the pause of an automation, or of a run, means to whoever executes. */
export class AutomationHold {
  constructor(private readonly options: HoldOptions) {}

  /** The run stays queued until its automation is active: its message is done with. */
  async holds({ ref, commit }: StoredCommit, run: Run, definition: AutomationDefinition): Promise<boolean> {
    const { automations, eventing, meter } = this.options;
    if (automations === undefined || run.status !== 'queued') return false;
    const isHeld = await holdWhilePaused({ eventing, automations }, { ref, definition, automation_id: run.automation_id, queued_version: commit.version });
    if (isHeld) meter?.held('automation_paused');
    return isHeld;
  }

  /** The automation was paused while the run was being claimed, and the pause may not have found it executing. */
  async pausesNow(session: RunSession, definition: AutomationDefinition): Promise<boolean> {
    const { automations } = this.options;
    const { automation_id } = session.run;
    if (automations === undefined || !holdsRuns(await automations.statusOf(session.ref, automation_id))) return false;
    await pauseWithAutomation(this.options, { ref: session.ref, definition, automation_id });
    return !(await session.reload());
  }

  /** Nothing of the run executes here any more: one that was told to pause is paused. */
  async settle(ref: AggregateRef, run: Run, definition: AutomationDefinition): Promise<void> {
    if (run.status === 'pausing') await settlePause(this.options, { ref, definition, automation_id: run.automation_id, command: { type: 'settle_pause' } });
  }

  /** The run's message came again, so its runner is gone: if it was pausing, nobody else would ever pause it. */
  async settleLost(ref: AggregateRef, run: Run, definition: AutomationDefinition): Promise<void> {
    if (run.status === 'pausing') await settlePause(this.options, { ref, definition, automation_id: run.automation_id, command: { type: 'settle_pausing_on_restart' } });
  }
}
