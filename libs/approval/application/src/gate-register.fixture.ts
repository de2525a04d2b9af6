import type { GateDecisionRecord, GateVote, Run } from '@cs/contracts';
import type { Result } from '@cs/kernel';
import type { Opening } from './gate-race.fixture.js';
import type { Decided } from './decide-gate.command-handler.js';
import type { SequentialModel } from './linearizable.fixture.js';

/** What everybody decides about: the opening that takes decisions, the votes at it, and what was decided so far. */
export interface GateRegister {
  readonly open: string | null;
  readonly votes: readonly string[];
  readonly decided: readonly string[];
}

export type Recorded = Pick<Run, 'status' | 'checkpoint'>;

const idOf = ({ decision_id, gate_opening_id }: GateDecisionRecord): string => decision_id ?? gate_opening_id;

export const registerOf = ({ status, checkpoint: { awaiting_gate, gate_history } }: Recorded): GateRegister => {
  const open = status === 'awaiting_approval' ? awaiting_gate : undefined;
  return { open: open?.gate_opening_id ?? null, votes: (open?.votes ?? []).map(({ vote_id }) => vote_id), decided: gate_history.map(idOf) };
};

/** What somebody did to the register, or learnt of it. */
export type GateOperation =
  | { readonly kind: 'decided'; readonly actor_id: string; readonly decision: string; readonly after: GateRegister }
  /** Too late: told what won at which time, if anything had. */
  | { readonly kind: 'late'; readonly won_at_ms: number | undefined }
  /** Told that the opening they named is not the one that is open. */
  | { readonly kind: 'other_opening'; readonly named: string }
  | { readonly kind: 'stopped'; readonly after: GateRegister }
  | { readonly kind: 'timer' }
  | { readonly kind: 'read'; readonly value: GateRegister };

/** What a decider was told, as an operation; nothing for who was refused for who they are. */
export const operationOf = ({ actor_id, decision, named }: { readonly actor_id: string; readonly decision: string; readonly named: string | undefined }, result: Result<Decided>): GateOperation | undefined => {
  if (result.ok) return { kind: 'decided', actor_id, decision, after: registerOf(result.value.run) };
  const { code, details } = result.refusal;
  if (code === 'AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL') return { kind: 'late', won_at_ms: (details?.['winningDecision'] as { decided_at_ms?: number } | undefined)?.decided_at_ms };
  return details?.['reason_code'] === 'gate_opening_id_mismatch' && named !== undefined ? { kind: 'other_opening', named } : undefined;
};

const isEqual = (a: GateRegister, b: GateRegister): boolean => JSON.stringify(a) === JSON.stringify(b);
const startsWith = (all: readonly string[], first: readonly string[]): boolean => first.every((id, index) => all[index] === id);

interface Said {
  readonly actor_id: string | undefined;
  readonly decision: string;
}

/** Who said what, by the id of the decision or vote, as the log has it. */
const sayings = (openings: readonly Opening[]): ReadonlyMap<string, Said> => {
  const ofVote = ({ vote_id, voted_by, decision }: GateVote) => [vote_id, { actor_id: voted_by.actor_id, decision }] as const;
  const ofRecord = (record: GateDecisionRecord) => [idOf(record), { actor_id: record.decided_by.actor_id, decision: record.decision }] as const;
  return new Map(openings.flatMap(({ decided, votes }) => [...decided.map(ofRecord), ...votes.map(ofVote)]));
};

/** The gates of one run as a register that one operation at a time changes or reads. */
export const gateModel = (initial: GateRegister, openings: readonly Opening[]): SequentialModel<GateRegister, GateOperation> => {
  const said = sayings(openings);
  const wonAt = new Map(openings.flatMap(({ decided }) => decided.map((record) => [idOf(record), record.decided_at_ms] as const)));
  const isBy = ({ actor_id, decision }: { readonly actor_id: string; readonly decision: string }, id: string | undefined): boolean =>
    id !== undefined && said.get(id)?.actor_id === actor_id && said.get(id)?.decision === decision;

  /** Changed by exactly what this person said, or unchanged because it had been said by them before. */
  const decide = (state: GateRegister, what: Extract<GateOperation, { kind: 'decided' }>): readonly GateRegister[] => {
    const { after } = what;
    if (isEqual(state, after)) return [...state.votes, ...state.decided, ...said.keys()].some((id) => isBy(what, id)) ? [state] : [];
    if (state.open === null || !startsWith(after.decided, state.decided)) return [];
    const [record, ...more] = after.decided.slice(state.decided.length);
    if (record === undefined) return after.open === state.open && startsWith(after.votes, state.votes) && after.votes.length === state.votes.length + 1 && isBy(what, after.votes.at(-1)) ? [after] : [];
    return more.length === 0 && after.open === null && said.get(record)?.actor_id === what.actor_id ? [after] : [];
  };

  const settled = (state: GateRegister): readonly GateRegister[] =>
    ['expired', 'timeout_resume'].map((outcome) => `${state.open ?? ''}:${outcome}`).filter((id) => state.open !== null && said.has(id)).map((id) => ({ open: null, votes: [], decided: [...state.decided, id] }));

  const next = (state: GateRegister, what: GateOperation): readonly GateRegister[] => {
    switch (what.kind) {
      case 'decided': return decide(state, what);
      case 'late': return state.open === null && wonAt.get(state.decided.at(-1) ?? '') === what.won_at_ms ? [state] : [];
      case 'other_opening': return state.open !== null && state.open !== what.named ? [state] : [];
      case 'stopped': return isEqual({ ...state, open: null, votes: [] }, what.after) ? [what.after] : [];
      case 'timer': return [state, ...settled(state)];
      case 'read': return isEqual(state, what.value) ? [state] : [];
    }
  };
  return { initial, next };
};
