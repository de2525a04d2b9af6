import type { AutomationEvent, CostSpike, GovernanceLimits, ReviewFinding, RunHealth } from '@cs/contracts';
import { accept, type Decision } from '@cs/kernel';
import type { LiveAutomation } from '../automation.decider.js';
import type { AutomationGovernance } from './automation-governance.js';

export type HealthLimits = Pick<GovernanceLimits, 'health_check_every_ms' | 'health_min_runs' | 'health_failure_rate' | 'health_guardrail_stops'>;

/** What nobody asks for: time passes, runs end badly, one costs too much. Nothing is refused; what is not due changes nothing. */
export type CareForAutomation =
  | { readonly type: 'warn_of_expiry'; readonly warning_ms: number }
  /** `since_ms`: the review, or the creation, that the runs came after; `launched_at_ms`: the newest launch that was known before they were read. */
  | { readonly type: 'check_health'; readonly since_ms: number; readonly launched_at_ms?: number | undefined; readonly health: RunHealth; readonly limits: HealthLimits }
  | { readonly type: 'report_cost_spike'; readonly spike: CostSpike };

interface Subject {
  readonly of: Pick<LiveAutomation, 'automation_id' | 'tenant_context'>;
  readonly governance: AutomationGovernance;
  readonly at_ms: number;
}
type Decided = Decision<AutomationEvent, never>;
type Command<Type extends CareForAutomation['type']> = Extract<CareForAutomation, { type: Type }>;

/** Where the warning of an expiry begins, and where it ends. */
const isExpiryNear = ({ expires_at_ms = Infinity, expired, expiry_warned_ms }: AutomationGovernance, at_ms: number, warning_ms: number): boolean =>
  expired !== true && expiry_warned_ms !== expires_at_ms && at_ms < expires_at_ms && at_ms >= expires_at_ms - warning_ms;

const warnOfExpiry = ({ warning_ms }: Command<'warn_of_expiry'>, { of, governance, at_ms }: Subject): Decided => {
  const { expires_at_ms, retired, provenance } = governance;
  const isDue = provenance !== undefined && retired === undefined && isExpiryNear(governance, at_ms, warning_ms);
  return isDue && expires_at_ms !== undefined ? accept({ event_type: 'automation_expiry_warned', data: { ...of, expires_at_ms } }) : accept();
};

const findingsOf = ({ runs, ended, failed, guardrail_stops }: RunHealth, limits: HealthLimits): readonly ReviewFinding[] => [
  ...(ended >= limits.health_min_runs && failed / ended >= limits.health_failure_rate ? [{ kind: 'failure_rate', failed, ended, limit: limits.health_failure_rate } as const] : []),
  ...(runs > 0 && guardrail_stops >= limits.health_guardrail_stops ? [{ kind: 'guardrail_stops', stops: guardrail_stops, runs, limit: limits.health_guardrail_stops } as const] : []),
];

/** A finding in words, for whoever has to review. */
export const describeFinding = (finding: ReviewFinding): string => {
  switch (finding.kind) {
    case 'failure_rate': return `${finding.failed} of ${finding.ended} runs failed`;
    case 'guardrail_stops': return `limits stopped ${finding.runs} runs ${finding.stops} times`;
    case 'cost_spike': return `run "${finding.run_id}" has cost ${finding.cost_usd} USD, and the ${finding.runs} runs before it ${finding.average_usd} USD on average`;
  }
};

const reviewRequired = ({ of, governance }: Subject, findings: readonly ReviewFinding[]): AutomationEvent => ({
  event_type: 'automation_review_required', data: { ...of, launches: governance.launches, reason: findings.map(describeFinding).join('; '), findings },
});

/** Runs that a person has reviewed meanwhile say nothing any more. */
const isHealthDue = ({ since_ms, limits }: Command<'check_health'>, { governance, at_ms }: Subject): boolean => {
  const { provenance, reviewed_at_ms = 0, health_checked_at_ms = -Infinity } = governance;
  return provenance !== undefined && reviewed_at_ms <= since_ms && health_checked_at_ms + limits.health_check_every_ms <= at_ms;
};

const checkHealth = (command: Command<'check_health'>, subject: Subject): Decided => {
  if (!isHealthDue(command, subject)) return accept();
  const { health, limits, launched_at_ms } = command;
  const findings = findingsOf(health, limits);
  const checked: AutomationEvent = { event_type: 'automation_health_checked', data: { ...subject.of, health, findings, ...(launched_at_ms === undefined ? {} : { launched_at_ms }) } };
  const isReviewed = findings.length > 0 && subject.governance.review === undefined;
  return isReviewed ? accept<AutomationEvent>(checked, reviewRequired(subject, findings)) : accept(checked);
};

/** A spike that is found while a review is due is a reason more: whoever reviews has to see it. */
const reportCostSpike = ({ spike }: Command<'report_cost_spike'>, subject: Subject): Decided => {
  const { provenance, spikes = [] } = subject.governance;
  return provenance === undefined || spikes.includes(spike.run_id) ? accept() : accept(reviewRequired(subject, [spike]));
};

/** Deciders by the command, for the table of what governs an automation. */
export const careDeciders = { warn_of_expiry: warnOfExpiry, check_health: checkHealth, report_cost_spike: reportCostSpike };
