// Verifies an export of the audit without Countersign: Node's own modules only.
//   node verify-audit.mjs export.ndjson [audit-keys.json]
// With the key file every record is checked; without it everything but what keys have signed.
import { createHash, createHmac } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [file, keyFile] = process.argv.slice(2);
const keys = new Map((keyFile ? JSON.parse(readFileSync(keyFile, 'utf8')).keys : []).filter(({ k }) => k).map(({ kid, k }) => [kid, Buffer.from(k, 'base64url')]));

/** JSON with sorted members and no blanks (RFC 8785). */
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  return `{${Object.keys(value).filter((name) => value[name] !== undefined).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
};

/** What a record's hash covers. */
const covered = ({ event_id, durability, event_type, tenant_context, actor, payload, created_at_ms, seq, prev_hash }) => `${prev_hash ?? ''}${canonical({
  event_id, durability, event_type, tenant_org: tenant_context.org_id, tenant_workspace: tenant_context.workspace_id, tenant_deployment: tenant_context.deployment_id,
  tenant_actor: null, tenant_source: tenant_context.source, actor, payload, created_at_ms, seq, prev_hash,
})}`;
const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex');
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

const problems = [];
const unchecked = new Set();
const count = { records: 0, anchors: 0 };
const hashes = new Map();
let head, before, end;

const checkHash = (record) => {
  const { seq, integrity, record_hash } = record;
  const expected = head.keys.findLast(({ position }) => position <= record.position)?.key_id ?? null;
  if ((integrity?.key_id ?? null) !== expected) problems.push(`integrity_segment_boundary at ${seq}: signed by ${integrity?.key_id ?? 'no key'}, not by ${expected ?? 'no key'}`);
  if (integrity === null) return record_hash === sha256(covered(record)) || problems.push(`record_hash_mismatch at ${seq}`);
  const key = keys.get(integrity.key_id);
  if (key === undefined) return unchecked.add(integrity.key_id);
  return record_hash === hmac(key, covered(record)) || problems.push(`record_integrity_failure at ${seq}`);
};

const checkOrder = ({ seq, prev_hash }, filtered) => {
  if (seq <= (before?.seq ?? 0)) problems.push(`seq_replay at ${seq}`);
  else if (!filtered && seq !== (before?.seq ?? 0) + 1) problems.push(`seq_gap before ${seq}`);
  else if (seq === (before?.seq ?? 0) + 1 && prev_hash !== (before?.record_hash ?? null)) problems.push(`chain_break at ${seq}`);
};

const checkAnchor = (anchor) => {
  const { kind: _kind, mac, ...said } = anchor;
  const key = keys.get(anchor.key_id);
  if (key && mac !== hmac(key, canonical({ ...said, kind: 'audit_anchor' }))) problems.push(`external_anchor_failure: anchor ${anchor.count} was not signed so`);
  const known = hashes.get(anchor.seq);
  if (known !== undefined && known !== anchor.record_hash) problems.push(`external_anchor_failure at ${anchor.seq}: anchored as another record`);
};

for await (const line of createInterface({ input: createReadStream(file) })) {
  const { kind, ...value } = JSON.parse(line);
  if (kind === 'export') head = value;
  else if (kind === 'record') {
    count.records += 1;
    checkOrder(value, Object.keys(head.filter).length > 0);
    checkHash(value);
    hashes.set(value.seq, value.record_hash);
    before = value;
  } else if (kind === 'anchor') {
    count.anchors += 1;
    checkAnchor(value);
  } else if (kind === 'end') end = value;
}

if (end === undefined || end.records !== count.records || end.anchors !== count.anchors) problems.push('the export is not complete');
if (Object.keys(head.filter).length === 0 && (before?.record_hash ?? null) !== head.head_hash) problems.push('chain_break: the last record is not the head');
for (const problem of problems) console.log(problem);
for (const key of unchecked) console.log(`not checked: what the key "${key}" signed (give its key file)`);
console.log(`${count.records} records, ${count.anchors} anchors: ${problems.length === 0 ? 'nothing wrong' : `${problems.length} problems`}`);
process.exitCode = problems.length === 0 && unchecked.size === 0 ? 0 : 1;
