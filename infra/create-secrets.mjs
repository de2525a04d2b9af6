// Makes the secret files that docker-compose.yml mounts, each with a random value and readable only by
// its owner. Existing files are left alone, so it can be run again. API keys are printed once: the file
// holds their SHA-256 only.
//   node infra/create-secrets.mjs [options]
//   --dir <folder>            default: COUNTERSIGN_SECRETS_DIR, or infra/secrets
//   --org <id>                organisation of the new keys; default "main"
//   --workspace <id>          workspace of the new keys; default "main"
//   --add <kind>:<actor>      adds a key for a person (human:ann) or a program (agent:importer); repeatable
//   --remove <key id>         removes a key; repeatable
// The gateway reads changed keys within a second.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');

/** The user that the service containers run as; see COUNTERSIGN_UID in .env.example. */
const containerUser = 10001;

/** Two people, so that who asks for something is not who approves it, and one program. */
const firstActors = [
  { kind: 'human', actor_id: 'operator' },
  { kind: 'human', actor_id: 'approver' },
  { kind: 'agent', actor_id: 'agent' },
];

const randomText = () => randomBytes(32).toString('base64url');

/**
 * Writes in place: a container holds the file that it was started with, so a new file under the same name
 * would not reach it. Root may read every file, the container's user may not: what root makes is given to it.
 */
const writeSecret = (file, text) => {
  writeFileSync(file, text, { mode: 0o600 });
  chmodSync(file, 0o600);
  if (process.getuid?.() === 0) chownSync(file, containerUser, containerUser);
};

/** The key that signs receipts, named by its thumbprint (RFC 7638). */
export const createReceiptKeys = () => {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
  return `${JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, d, kid }] }, null, 2)}\n`;
};

/** The secret keys that sign the audit; the first one signs. */
export const createAuditKeys = () => `${JSON.stringify({ keys: [{ kty: 'oct', kid: `audit-${randomBytes(4).toString('hex')}`, k: randomText() }] }, null, 2)}\n`;

/** The database of docker-compose.yml, for the services that use it. */
export const databaseUrl = (password) => `postgres://countersign:${encodeURIComponent(password)}@postgres:5432/countersign`;

/** A new key: `key` is what a client sends, `record` what the gateway compares it with. */
export const createApiKey = ({ kind, actor_id, org_id, workspace_id }) => {
  const key = `cs_${randomText()}`;
  const sha256 = createHash('sha256').update(key).digest('hex');
  return { key, record: { id: `key_${randomBytes(6).toString('hex')}`, sha256, org_id, workspace_id, actor_id, kind } };
};

const readKeys = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []);

/**
 * Creates what is missing in the folder, and adds and removes API keys.
 * Returns the names of the files written and the new keys, which cannot be read again.
 */
export const createSecrets = ({ dir, org = 'main', workspace = 'main', add = [], remove = [] }) => {
  mkdirSync(dir, { recursive: true });
  const written = [];
  const write = (name, text) => {
    writeSecret(path.join(dir, name), text);
    written.push(name);
  };
  const ensure = (name, text) => existsSync(path.join(dir, name)) || write(name, text());
  ensure('postgres_password', () => `${randomText()}\n`);
  ensure('database_url', () => `${databaseUrl(readFileSync(path.join(dir, 'postgres_password'), 'utf8').trim())}\n`);
  ensure('webhook_secret', () => `${randomText()}\n`);
  ensure('webhook_key', () => `${randomText()}\n`);
  ensure('page_key', () => `${randomText()}\n`);
  ensure('receipt_keys', createReceiptKeys);
  ensure('audit_keys', createAuditKeys);
  ensure('runner.env', () => '# Values of {{ secrets.NAME }} in automations, one a line:\n# COUNTERSIGN_SECRET_NAME=value\n');

  const keyFile = path.join(dir, 'api_keys');
  const known = readKeys(keyFile);
  const unknown = remove.filter((id) => !known.some((record) => record.id === id));
  if (unknown.length > 0) throw new Error(`${keyFile} has no key ${unknown.join(', ')}`);
  const actors = existsSync(keyFile) ? add : [...firstActors, ...add];
  const keys = actors.map((actor) => createApiKey({ ...actor, org_id: org, workspace_id: workspace }));
  if (keys.length > 0 || remove.length > 0) {
    const kept = known.filter((record) => !remove.includes(record.id));
    write('api_keys', `${JSON.stringify([...kept, ...keys.map(({ record }) => record)], null, 2)}\n`);
  }
  return { written, keys };
};

/** An ordinary user owns the files, so the containers run as that user: compose reads who it is from .env. */
const nameOwner = () => {
  const user = process.getuid?.() ?? 0;
  const file = path.join(root, '.env');
  const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (user === 0 || /^COUNTERSIGN_UID=/m.test(present)) return;
  appendFileSync(file, `${present === '' || present.endsWith('\n') ? '' : '\n'}COUNTERSIGN_UID=${user}\nCOUNTERSIGN_GID=${process.getgid()}\n`);
  console.log(`\nAdded COUNTERSIGN_UID=${user} to .env: the containers run as the owner of these files.`);
};

const parseActor = (text) => {
  const [, kind, actor_id] = /^(human|agent):(.{1,256})$/.exec(text) ?? [];
  if (!kind) throw new Error(`--add wants human:<name> or agent:<name>, not "${text}"`);
  return { kind, actor_id };
};

const main = () => {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string', default: process.env.COUNTERSIGN_SECRETS_DIR || path.join(root, 'infra/secrets') },
      org: { type: 'string' }, workspace: { type: 'string' },
      add: { type: 'string', multiple: true, default: [] }, remove: { type: 'string', multiple: true, default: [] },
    },
  });
  for (const name of ['org', 'workspace']) {
    if (values[name] !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(values[name])) throw new Error(`--${name} wants 1 to 64 letters, digits, "_" or "-"`);
  }
  const { written, keys } = createSecrets({ ...values, add: values.add.map(parseActor) });
  console.log(written.length > 0 ? `Written to ${values.dir}: ${written.join(', ')}` : `Nothing to do: every secret is in ${values.dir}`);
  if (keys.length > 0) console.log('\nAPI keys, shown only now:');
  for (const { key, record } of keys) console.log(`  ${record.kind} ${record.actor_id} (${record.org_id}/${record.workspace_id}, ${record.id}): ${key}`);
  nameOwner();
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
