import { gateDecisions, readDecision } from './gate-decisions.js';

const gate = (decisions: string[], rework_targets: string[] = []) => ({ required: true, decisions, rework_targets });

describe('a decision by one of its names', () => {
  it('is read in any case and with space around it', () => {
    expect([' APPROVE', 'Changes', 'request_changes', 'ask_changes', 'reject ', 'Deny'].map(readDecision)).toEqual(['approve', 'rework', 'rework', 'rework', 'cancel', 'cancel']);
  });

  it('is none of the names that every object has', () => {
    for (const word of ['constructor', 'toString', '__proto__', 'hasOwnProperty', '', 'approved', 'expired', 'guard_denied']) expect(readDecision(word)).toBeUndefined();
  });
});

describe('the decisions of a gate', () => {
  it('are all three when its list is empty or absent', () => {
    expect(gateDecisions(gate([])).decisions).toEqual(['approve', 'rework', 'cancel']);
    expect(gateDecisions(undefined).decisions).toEqual(['approve', 'rework', 'cancel']);
  });

  it('are its own list without synonyms and doubles, always in the same order', () => {
    expect(gateDecisions(gate(['Reject', 'cancel', 'Approve']))).toEqual({ decisions: ['approve', 'cancel'], unknown: [] });
  });

  it('include rework whenever it has rework targets', () => {
    expect(gateDecisions(gate(['approve'], ['a'])).decisions).toEqual(['approve', 'rework']);
  });

  it('name the words that are no decision, and do not become all three because of them', () => {
    expect(gateDecisions(gate(['ok', 'constructor']))).toEqual({ decisions: [], unknown: ['ok', 'constructor'] });
  });
});
