import { jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Database } from '@cs/postgres';
import { eventually, temporaryFolder, type TemporaryFolder } from '@cs/testing';
import { Client } from './client.fixture.js';
import { System } from './system.fixture.js';

jest.setTimeout(120_000);

const script = path.resolve(import.meta.dirname, '../../../../docs/guides/examples/verify-audit.mjs');
const newKey = (kid: string) => ({ kty: 'oct', kid, k: randomBytes(32).toString('base64url') });
interface Line extends Record<string, unknown> {
  readonly kind: string;
}

describe('the audit', () => {
  let folder: TemporaryFolder;
  let system: System;
  let client: Client;
  const [older, newer] = [newKey('older'), newKey('newer')];
  const file = (name: string): string => path.join(folder.path, name);
  const writeKeys = (...keys: readonly object[]): void => writeFileSync(file('audit.json'), JSON.stringify({ keys }));

  beforeAll(async () => {
    folder = await temporaryFolder('audit');
    writeKeys(older);
    system = await System.start({ env: { COUNTERSIGN_AUDIT_KEYS_FILE: file('audit.json'), COUNTERSIGN_AUDIT_ANCHOR_SECONDS: '1' } });
    client = new Client(system.url, system.paymentsUrl);
    await client.loadExample('refund/refund.automation.yaml');
  });
  afterAll(async () => {
    await system.stop();
    await folder.remove();
  });

  const refund = async (order: string): Promise<string> => {
    const run = await client.startRefund(order);
    await client.untilGate(run);
    await client.decide(run, 'approve');
    await client.untilFinished(run);
    return run;
  };
  const verification = async (query = ''): Promise<Record<string, unknown>> => (await client.call('GET', `/audit/ledger/manifest${query}`)).body;
  const exportText = async (query = ''): Promise<string> => (await fetch(`${system.url}/audit/export${query}`)).text();
  const linesOf = (text: string): readonly Line[] => text.trimEnd().split('\n').map((line) => JSON.parse(line) as Line);
  const check = (text: string, ...keys: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> => {
    writeFileSync(file('export.ndjson'), text);
    const child = spawn(process.execPath, [script, file('export.ndjson'), ...keys]);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
  };

  it('holds across a change of the key, and says who decided what', async () => {
    const first = await refund('order-7001');
    for (const name of ['projector', 'observability'] as const) await system.terminate(name);
    writeKeys(newer, older);
    for (const name of ['projector', 'observability'] as const) await system.startService(name);
    const second = await refund('order-7002');
    const whole = await verification();
    expect(whole).toMatchObject({ verified: true, complete: true, violations: [], missing_keys: [] });
    const decided = async (run: string): Promise<unknown> => (await client.call('GET', `/audit/records?run_id=${run}&types=automation.governance.gate_decided`)).body;
    expect(await decided(first)).toMatchObject({ count: 1, records: [{ payload: { decision: 'approve', runID: first }, integrity: { key_id: 'older', segment_start: 1 } }] });
    expect(await decided(second)).toMatchObject({ count: 1, records: [{ payload: { runID: second }, integrity: { key_id: 'newer' } }] });
    await eventually(async () => {
      expect(await verification()).toMatchObject({ verified: true, anchors: { newest_seq: whole['head_seq'] } });
      return true;
    }, { timeoutMs: 10_000 });
  });

  it('can be gone on with from a checkpoint', async () => {
    const { checkpoint, head_seq } = await verification();
    await refund('order-7003');
    const further = await verification(`?checkpoint=${String(checkpoint)}`);
    expect(further).toMatchObject({ verified: true, from_seq: head_seq });
    expect(further['records']).toBe(Number(further['to_seq']) - Number(head_seq));
    expect((await client.call('GET', '/audit/ledger/manifest?checkpoint=nonsense')).status).toBe(400);
  });

  it('is exported as lines that a script verifies offline, and that is in the audit itself', async () => {
    const text = await exportText();
    const lines = linesOf(text);
    expect(lines[0]).toMatchObject({ kind: 'export', keys: [{ key_id: 'older' }, { key_id: 'newer' }] });
    expect(lines.at(-1)).toEqual({ kind: 'end', records: lines[0]?.['head_seq'], anchors: lines.filter(({ kind }) => kind === 'anchor').length });
    expect(lines.some(({ kind }) => kind === 'anchor')).toBe(true);
    expect(await check(text, file('audit.json'))).toMatchObject({ code: 0, output: expect.stringContaining('nothing wrong') });
    await eventually(async () => {
      expect((await client.call('GET', '/audit/records?types=audit.exported')).body).toMatchObject({ records: [{ payload: { up_to_seq: lines[0]?.['head_seq'] } }] });
      return true;
    });
  });

  it('shows the script what was changed, what is missing, and what it cannot check', async () => {
    const text = await exportText();
    const without = await check(text);
    expect(without).toMatchObject({ code: 1, output: expect.stringMatching(/not checked: what the key "older" signed/) });
    expect(without.output).not.toMatch(/_/);
    const tampered = (change: (lines: readonly string[]) => readonly string[]): Promise<{ readonly output: string }> => check(`${change(text.trimEnd().split('\n')).join('\n')}\n`, file('audit.json'));
    expect((await tampered((lines) => lines.map((line) => line.replace('"decision":"approve"', '"decision":"cancel"')))).output).toMatch(/record_integrity_failure at \d+/);
    expect((await tampered((lines) => lines.filter((_line, index) => index !== 3))).output).toMatch(/seq_gap before 4[^]*not complete/);
    expect((await tampered((lines) => lines.slice(0, -1))).output).toContain('the export is not complete');
    expect((await tampered((lines) => lines.map((line) => (line.includes('"kind":"anchor"') ? line.replace(/"seq":\d+/, '"seq":1') : line)))).output).toContain('external_anchor_failure');
  });

  it('is exported of a time and of types only, where that is asked for', async () => {
    const lines = linesOf(await exportText('?types=automation.governance.gate_decided,automation.governance.gate_opened&from_ms=1000'));
    expect(new Set(lines.filter(({ kind }) => kind === 'record').map((line) => line['event_type']))).toEqual(new Set(['automation.governance.gate_decided', 'automation.governance.gate_opened']));
    expect(await check(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`, file('audit.json'))).toMatchObject({ code: 0 });
    expect(linesOf(await exportText('?from_ms=99999999999999'))).toMatchObject([{ kind: 'export', filter: { from_ms: 99_999_999_999_999 } }, ...linesOf(await exportText()).filter(({ kind }) => kind === 'anchor').map(() => ({ kind: 'anchor' })), { kind: 'end', records: 0 }]);
  });

  it('is not exported by an agent, whose attempt is in the audit, and which reads what it did itself', async () => {
    const headers = { 'x-tandem-agent-id': 'importer' };
    const refused = await client.call('GET', '/audit/export', { headers });
    expect(refused).toMatchObject({ status: 403, body: { code: 'AUDIT_ADMINISTRATOR_REQUIRED' } });
    await eventually(async () => {
      expect((await client.call('GET', '/audit/records?denials=true&actor_id=importer')).body).toMatchObject({ count: 1, records: [{ event_type: 'audit.access_denied', payload: { action: 'export', code: 'AUDIT_ADMINISTRATOR_REQUIRED' } }] });
      return true;
    });
    const own = (await client.call('GET', '/audit/records?limit=500', { headers })).body['records'] as { actor: { actor_id: string } }[];
    expect(new Set(own.map(({ actor }) => actor.actor_id))).toEqual(new Set(['importer']));
  });

  it('tells the local person, and nobody else, of the changes of the key', async () => {
    const { body } = await client.call('GET', '/audit/records?types=audit.key_activated');
    expect(body).toMatchObject({ count: 2, records: [{ payload: { key_id: 'newer', previous_key_id: 'older' } }, { payload: { key_id: 'older' } }] });
  });

  it('names what somebody changed in the database', async () => {
    const database = new Database({ url: system.databaseUrl, name: 'test' });
    await database.query({ text: `update countersign.audit_records set payload = replace(payload, '"decision":"approve"', '"decision":"cancel"') where org_id = 'local' and event_type = 'automation.governance.gate_decided'` });
    expect(await verification()).toMatchObject({ verified: false, violation_count: 3, violation: { kind: 'record_integrity_failure' } });
    const metrics = await system.metrics('observability');
    expect(metrics).toMatch(/countersign_audit_verification_ok\{[^}]*\} 0/);
    expect(metrics).toMatch(/countersign_audit_violations_total\{[^}]*kind="record_integrity_failure"[^}]*\} 3/);
    await database.query({ text: `update countersign.audit_records set payload = replace(payload, '"decision":"cancel"', '"decision":"approve"') where org_id = 'local' and event_type = 'automation.governance.gate_decided'` });
    expect(await verification()).toMatchObject({ verified: true });
    expect(await system.metrics('observability')).toMatch(/countersign_audit_verification_ok\{[^}]*\} 1/);
    await database.close();
  });

  it('leaks no key', () => {
    for (const name of ['projector', 'observability', 'gateway'] as const) expect(system.log(name)).not.toContain(older.k);
    expect(readFileSync(file('export.ndjson'), 'utf8')).not.toContain(newer.k);
  });
});
