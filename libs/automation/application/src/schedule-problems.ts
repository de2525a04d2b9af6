import type { AutomationDefinition, Problem } from '@cs/contracts';
import { isCronExpression, isTimezone } from './fire-times.js';
import { inputProblems, inputSchemaProblems } from './input-validation.js';

const timezoneProblems = ({ schedule: { timezone } }: AutomationDefinition): readonly Problem[] =>
  isTimezone(timezone) ? [] : [{ path: 'schedule.timezone', code: 'schedule_timezone_unknown', message: `"${timezone}" is no IANA time zone; use one such as "Europe/Berlin" or "UTC"` }];

const cronProblems = ({ schedule }: AutomationDefinition): readonly Problem[] => {
  if (schedule.type !== 'cron' || isCronExpression(schedule.cron_expression)) return [];
  const message = `"${schedule.cron_expression}" is no cron expression with a date that comes; use five fields (minute hour day month weekday), or six with seconds first`;
  return [{ path: 'schedule.cron_expression', code: 'schedule_cron_invalid', message }];
};

/** Scheduled runs start with an empty input. */
const inputMissing = (definition: AutomationDefinition): readonly Problem[] => {
  if (definition.schedule.type === 'manual' || inputSchemaProblems(definition).length > 0) return [];
  const [first] = inputProblems(definition, {});
  return first === undefined ? [] : [{ path: 'schedule', code: 'schedule_input_invalid', message: `scheduled runs have an empty input, which the input_schema refuses: ${first.path} ${first.message}` }];
};

/** What keeps a schedule from firing, or its runs from starting. */
export const scheduleProblems = (definition: AutomationDefinition): readonly Problem[] => [...timezoneProblems(definition), ...cronProblems(definition), ...inputMissing(definition)];
