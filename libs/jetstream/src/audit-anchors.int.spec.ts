import { anchorSubject, type AuditAnchor } from '@cs/contracts';
import { sha256 } from '@cs/testing';
import { JetStreamAuditAnchors } from './audit-anchors.adapter.js';
import { startTestLog, type TestLog } from './test-log.fixture.js';

let log: TestLog;
beforeAll(async () => {
  log = await startTestLog();
}, 60_000);
afterAll(() => log.close());

const acme = { org_id: 'acme', workspace_id: 'ops', deployment_id: '' };
const anchor = (seq: number, tenant = acme): AuditAnchor => ({ ...tenant, seq, record_hash: sha256(String(seq)), anchored_at_ms: seq, count: seq, key_id: null, mac: null });

describe('the anchors of audit chains', () => {
  it('are there in order, each for its tenant, and one place is taken once', async () => {
    const anchors = new JetStreamAuditAnchors(log.nc);
    expect(await anchors.last(acme)).toBeUndefined();
    expect(await anchors.list(acme, { after: 0, limit: 5 })).toEqual([]);
    expect((await Promise.all([1, 2, 3].map(() => anchors.append(anchor(1), 0)))).sort()).toEqual([false, false, true]);
    const other = { ...acme, deployment_id: 'eu.west *>' };
    expect(await anchors.append(anchor(1, other), 0)).toBe(true);
    const first = await anchors.last(acme);
    expect(await anchors.append(anchor(2), first?.place ?? 0)).toBe(true);
    expect(await anchors.append(anchor(2), first?.place ?? 0)).toBe(false);
    expect((await anchors.list(acme, { after: 0, limit: 5 })).map((kept) => kept.anchor)).toEqual([anchor(1), anchor(2)]);
    expect((await anchors.list(acme, { after: first?.place ?? 0, limit: 5 })).map((kept) => kept.anchor.seq)).toEqual([2]);
    expect((await anchors.list(acme, { after: 0, limit: 1 })).map((kept) => kept.anchor.seq)).toEqual([1]);
    expect((await anchors.last(other))?.anchor).toEqual(anchor(1, other));
  });

  it('have subjects of one token for each part of the tenant', () => {
    expect(anchorSubject({ ...acme, deployment_id: 'eu.west *>' })).toMatch(/^cs\.audit-anchor\.acme\.ops\.d-[^. *>]+$/);
    expect(anchorSubject(acme)).toBe('cs.audit-anchor.acme.ops._');
  });

  it('are unavailable when the server is away, and there again afterwards', async () => {
    const anchors = new JetStreamAuditAnchors(log.nc);
    await log.nats.kill();
    await expect(anchors.last(acme)).rejects.toThrow('cannot be reached');
    await log.nats.start();
    await log.ready();
    expect((await anchors.last(acme))?.anchor.seq).toBe(2);
  }, 30_000);
});
