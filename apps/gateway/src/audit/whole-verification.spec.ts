import type { AuditVerification, RpcReply } from '@cs/contracts';
import { verifyWhole } from './whole-verification.js';

const part = (from_seq: number, to_seq: number, more: Partial<AuditVerification> = {}): AuditVerification => ({
  verified: false, complete: false, records: to_seq - from_seq, from_seq, to_seq, head_seq: 9, head_hash: 'h', checkpoint: `${to_seq}.h.0`, violations: [], violation_count: 0, missing_keys: [],
  anchors: { checked: 1, newest_seq: 9, newest_at_ms: 1 }, ...more,
});
const missing = { kind: 'record_integrity_failure', seq: 2, detail: 'the key "k" is not there' };
const gap = { kind: 'seq_gap', seq: 8, detail: 'seq 8 follows 6' };

const parts = (...answers: readonly AuditVerification[]) => {
  const asked: (string | undefined)[] = [];
  const step = (checkpoint: string | undefined): Promise<RpcReply<AuditVerification>> => {
    const value = answers[asked.length];
    asked.push(checkpoint);
    return Promise.resolve(value === undefined ? { ok: false, refusal: { code: 'INTERNAL', message: 'asked too often' } } : { ok: true, value });
  };
  return { asked, step };
};

describe('the verification of a long chain', () => {
  it('goes on where each part ended, and answers as one', async () => {
    const { asked, step } = parts(part(0, 3), part(3, 6), part(6, 9, { complete: true, verified: true }));
    expect(await verifyWhole(step, { checkpoint: undefined, clock: () => 0 })).toMatchObject({ ok: true, value: { verified: true, complete: true, records: 9, from_seq: 0, to_seq: 9, anchors: { checked: 3 } } });
    expect(asked).toEqual([undefined, '3.h.0', '6.h.0']);
  });

  it('keeps what every part found, and says once what several say', async () => {
    const { step } = parts(
      part(0, 3, { violations: [missing], violation: missing, violation_count: 1, missing_keys: ['k'] }),
      part(3, 9, { complete: true, violations: [{ ...missing, seq: 4 }, gap], violation: missing, violation_count: 2, missing_keys: ['k'] }),
    );
    expect(await verifyWhole(step, { checkpoint: undefined, clock: () => 0 })).toMatchObject({ ok: true, value: { verified: false, violations: [missing, gap], violation: missing, violation_count: 2, missing_keys: ['k'] } });
  });

  it('ends with its time, and says where to go on', async () => {
    let now = 0;
    const { asked, step } = parts(part(0, 3), part(3, 6), part(6, 9, { complete: true }));
    const answer = await verifyWhole((checkpoint) => ((now += 15_000), step(checkpoint)), { checkpoint: '0.h.0', clock: () => now });
    expect(answer).toMatchObject({ ok: true, value: { verified: false, complete: false, to_seq: 6, checkpoint: '6.h.0' } });
    expect(asked).toEqual(['0.h.0', '3.h.0']);
  });

  it('answers the refusal of any part', async () => {
    const { step } = parts(part(0, 3));
    expect(await verifyWhole(step, { checkpoint: undefined, clock: () => 0 })).toMatchObject({ ok: false, refusal: { message: 'asked too often' } });
  });
});
