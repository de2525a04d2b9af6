import { filterSubjects } from './event-subjects.js';

const acme = { org_id: 'acme', workspace_id: 'ops', source: 'explicit' as const };

describe('the subjects of an event stream', () => {
  it('are those of the tenant, whatever is asked for', () => {
    expect(filterSubjects(acme, {})).toEqual(['cs.events.acme.ops.>']);
    expect(filterSubjects(acme, { run_id: 'r1' })).toEqual(['cs.events.acme.ops.run.r1.*']);
    expect(filterSubjects(acme, { types: ['run_completed', 'delivery_sent'] })).toEqual(['cs.events.acme.ops.run.*.run_completed', 'cs.events.acme.ops.delivery.*.delivery_sent']);
    expect(filterSubjects(acme, { types: ['run_completed', 'run_failed'], run_id: 'r1' })).toEqual(['cs.events.acme.ops.run.r1.run_completed', 'cs.events.acme.ops.run.r1.run_failed']);
  });
});
