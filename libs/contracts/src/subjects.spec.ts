import fc from 'fast-check';
import { eventCatalogue, type AggregateName } from './events/catalogue.js';
import { aggregateSubjects, eventSubject, eventSubjects, logSubject, parseLogSubject, statusSubjects, tenantEventSubjects, timerSubject, type AggregateRef } from './subjects.js';

const token = (maxLength: number) => fc.stringMatching(new RegExp(`^[A-Za-z0-9_-]{1,${maxLength}}$`));
const refs: fc.Arbitrary<AggregateRef> = fc.record({
  org_id: token(64), workspace_id: token(64), aggregate: fc.constantFrom(...(Object.keys(eventCatalogue) as AggregateName[])), id: token(160),
});

/** Few different tokens, so that two of them often differ in one place only. */
const few = fc.constantFrom('a', 'b');
const similarRefs: fc.Arbitrary<AggregateRef> = fc.record({ org_id: few, workspace_id: few, aggregate: fc.constantFrom<AggregateName>('run', 'delivery'), id: few });

/** NATS subject matching: `*` is one token, `>` the rest. */
const matches = (filter: string, subject: string): boolean => {
  const wanted = filter.split('.');
  const given = subject.split('.');
  return wanted.every((part, index) => part === '>' || (given[index] !== undefined && (part === '*' || part === given[index]))) && (wanted.at(-1) === '>' || wanted.length === given.length);
};

describe('subjects', () => {
  it('of the log are read back as what they were made of', () => {
    fc.assert(fc.property(refs, token(32), (ref, status) => {
      expect(parseLogSubject(logSubject(ref, status))).toEqual({ ref, status });
    }));
  });

  it('of one aggregate match all of its commits, and those of no other', () => {
    fc.assert(fc.property(similarRefs, similarRefs, token(32), (ref, other, status) => {
      expect(matches(aggregateSubjects(ref), logSubject(ref, status))).toBe(true);
      expect(matches(aggregateSubjects(ref), logSubject(other, status))).toBe(JSON.stringify(ref) === JSON.stringify(other));
    }));
  });

  it('of a status match every aggregate of the kind in it, of every tenant', () => {
    fc.assert(fc.property(refs, token(32), token(32), (ref, status, other) => {
      expect(matches(statusSubjects(ref.aggregate, status), logSubject(ref, status))).toBe(true);
      expect(matches(statusSubjects(ref.aggregate, status), logSubject(ref, other))).toBe(status === other);
    }));
  });

  it('of a tenant match its own events only', () => {
    fc.assert(fc.property(similarRefs, similarRefs, (ref, other) => {
      const subject = eventSubject(ref, 'run_failed');
      expect(matches(tenantEventSubjects(ref), subject)).toBe(true);
      expect(matches(tenantEventSubjects(other), subject)).toBe(ref.org_id === other.org_id && ref.workspace_id === other.workspace_id);
      expect(matches(eventSubjects('*', 'run_failed'), subject)).toBe(true);
      expect(matches(eventSubjects(ref.aggregate, 'run_failed'), subject)).toBe(true);
      expect(matches(eventSubjects('*', 'run_completed'), subject)).toBe(false);
    }));
  });

  it.each(['cs.log.acme.ops.run.r', 'cs.log.acme.ops.run.r.queued.more', 'cs.events.acme.ops.run.r.queued', 'cs.log.acme.ops.invention.r.queued', 'cs.log..ops.run.r.queued', 'cs.log.acme.ops.toString.r.queued', ''])(
    'that are none of the log\'s are not read: "%s"', (subject) => {
      expect(parseLogSubject(subject)).toBeUndefined();
    });

  it('of a pending and a fired timer differ, so that firing does not schedule again', () => {
    const ref: AggregateRef = { org_id: 'acme', workspace_id: 'ops', aggregate: 'run', id: 'r' };
    expect(timerSubject('pending', ref, 'r:node:a')).toBe('cs.timer.pending.acme.ops.r.r:node:a');
    expect(timerSubject('fired', ref, 'r:node:a')).toBe('cs.timer.fired.acme.ops.r.r:node:a');
  });
});
