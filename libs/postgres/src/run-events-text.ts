import { answerBytes } from './answer-size.js';

/** The part of a timeline that is nearest to its start (or, for a tail, its end), as much as one answer holds. */
export const runEventsText = (table: 'run_events' | 'imported_run_events', order: 'asc' | 'desc'): string => `
  select event_id, run_id, seq, event_type, occurred_at_ms, actor, phase_id, phase_transition, wait_kind, causation_id, correlation_id, position, status, payload from (
    select *, row_number() over nearest as place, sum(octet_length(payload)) over (nearest rows unbounded preceding) as total from (
      select * from countersign.${table} where org_id = $1 and workspace_id = $2 and run_id = $3 and seq > $4 and seq < $5 order by seq ${order} limit $6
    ) as events window nearest as (order by seq ${order})
  ) as sized where place = 1 or total <= ${answerBytes} order by seq`;
