import { gateModel, type GateOperation, type GateRegister } from './gate-register.fixture.js';
import { linearize, type Operation } from './linearizable.fixture.js';

type What = { readonly write: number } | { readonly read: number };
const register = { initial: 0, next: (state: number, what: What) => ('write' in what ? [what.write] : what.read === state ? [state] : []) };
const at = <Of>(invoked: number, returned: number, what: Of): Operation<Of> => ({ invoked, returned, what });

describe('the check of a history against a register', () => {
  it('finds an order for what overlaps', () => {
    expect(linearize([at(1, 6, { write: 1 }), at(2, 5, { read: 0 }), at(3, 7, { read: 1 })], register)).toEqual([{ read: 0 }, { write: 1 }, { read: 1 }]);
  });

  it.each([
    ['a read that returns what was never written', [at(1, 2, { read: 7 })]],
    ['a read after a write that returned, of the value before', [at(1, 2, { write: 1 }), at(3, 4, { read: 0 })]],
    ['two reads that see two writes in two orders', [at(1, 10, { write: 1 }), at(2, 11, { write: 2 }), at(3, 4, { read: 1 }), at(5, 6, { read: 2 }), at(7, 8, { read: 1 })]],
    ['a value that is read before anybody asks to write it', [at(1, 2, { read: 1 }), at(3, 4, { write: 1 })]],
  ])('finds none for %s', (_what, history) => {
    expect(linearize<number, What>(history, register)).toBeUndefined();
  });

  it('is done in time with sixty operations that all overlap', () => {
    const history = Array.from({ length: 60 }, (_none, index) => at<What>(index + 1, 1000 + index, index === 30 ? { write: 1 } : { read: index % 2 }));
    expect(linearize(history, register)).toHaveLength(60);
  });
});

const open: GateRegister = { open: 'o1', votes: [], decided: [] };
const record = (decision_id: string, actor_id: string, decided_at_ms: number) => ({ decision_id, node_id: 'sign', gate_opening_id: 'o1', decision: 'approve', decided_at_ms, decided_by: { kind: 'human', actor_id } }) as const;
const openings = [{ decided: [record('d1', 'bob', 5)], votes: [] }];
const won = (actor_id: string, id: string): GateOperation => ({ kind: 'decided', actor_id, decision: 'approve', after: { open: null, votes: [], decided: [id] } });
const check = (...history: readonly Operation<GateOperation>[]) => linearize(history, gateModel(open, openings));

describe('the check of decisions on a gate', () => {
  it('takes one winner, and losers who are told of it', () => {
    expect(check(at(1, 9, { kind: 'late', won_at_ms: 5 }), at(2, 8, won('bob', 'd1')), at(3, 4, { kind: 'read', value: open }))).toBeDefined();
  });

  it.each<[string, readonly Operation<GateOperation>[]]>([
    ['two winners', [at(1, 5, won('bob', 'd1')), at(2, 6, won('cyd', 'd2'))]],
    ['a success that is somebody else\'s decision', [at(1, 5, won('cyd', 'd1'))]],
    ['a loser who is told of the winner before the winner asks', [at(1, 2, { kind: 'late', won_at_ms: 5 }), at(3, 4, won('bob', 'd1'))]],
    ['a loser who is told of another winner', [at(1, 9, { kind: 'late', won_at_ms: 6 }), at(2, 8, won('bob', 'd1'))]],
    ['an open gate after a decision that was answered', [at(1, 2, won('bob', 'd1')), at(3, 4, { kind: 'read', value: open })]],
    ['a pause that forgets a decision that was answered', [at(1, 2, won('bob', 'd1')), at(3, 4, { kind: 'stopped', after: { open: null, votes: [], decided: [] } })]],
  ])('finds no order for %s', (_what, history) => {
    expect(check(...history)).toBeUndefined();
  });
});
