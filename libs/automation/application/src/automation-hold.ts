import type { LaunchHold } from '@cs/automation-domain';
import type { AggregateRef, AutomationDefinition, Run } from '@cs/contracts';
import type { StoredCommit } from '@cs/eventing';
import { admitLaunch, launchHoldNow, mayNotExecute } from './governance/launch-authority.js';
import { holdGoverned } from './governance/governed-run.js';
import { provenanceOf } from './governance/provenance.js';
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

  /** The run stays queued until its automation is active and what governs it lets it start: its message is done with. */
  async holds(message: StoredCommit, run: Run, definition: AutomationDefinition): Promise<boolean> {
    const { automations, eventing, meter } = this.options;
    if (automations === undefined || run.status !== 'queued') return false;
    const { ref, commit } = message;
    const isPaused = await holdWhilePaused({ eventing, automations }, { ref, definition, automation_id: run.automation_id, queued_version: commit.version });
    if (isPaused) meter?.held('automation_paused');
    return isPaused || (await this.#isForbidden(message, run, definition));
  }

  async #isForbidden({ ref, commit }: StoredCommit, run: Run, definition: AutomationDefinition): Promise<boolean> {
    if ((await this.#holdOf(ref, run, definition)) === undefined) return false;
    await holdGoverned(this.options, ref, { run, definition, queued_version: commit.version });
    this.options.meter?.held('governance');
    return true;
  }

  /** What a person made is asked about only where its status says that something holds it. */
  async #holdOf(ref: AggregateRef, run: Run, definition: AutomationDefinition): Promise<LaunchHold | undefined> {
    if (provenanceOf(definition) !== undefined) return await admitLaunch(this.options, run, definition);
    const status = await this.options.automations?.statusOf(ref, run.automation_id);
    return status === 'held' ? await launchHoldNow(this.options, run, definition) : undefined;
  }

  /**
   * The automation was paused, or its run forbidden, while the run was being claimed, and whoever pauses runs
   * may not have found it executing. Asked of the log, after the claim is in it: whatever was written before
   * the claim is seen here, and whatever comes later finds the run executing.
   */
  async pausesNow(session: RunSession, definition: AutomationDefinition): Promise<boolean> {
    if (this.options.automations === undefined) return false;
    const { automation_id } = session.run;
    const reason = await mayNotExecute(this.options, session.run, definition);
    if (reason === undefined) return false;
    await pauseWithAutomation(this.options, { ref: session.ref, definition, automation_id, reason });
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
