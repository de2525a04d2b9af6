// Shows that every rule of tools/check-compose.mjs can fail: each change below, made in memory, must
// break exactly the rule it is listed under (others may break with it). A rule without one fails the test.
//   node tools/check-compose.selftest.mjs
import { loadSchemas, projectFiles, readProjectTexts } from './lib/compose-project.mjs';
import { readDockerfile } from './lib/compose-dockerfile.mjs';
import { checkRules, rules } from './lib/compose-rules.mjs';

/** rule → [file, text that is there, text instead] */
const changes = {
  readable: [['compose', '  bus: { internal', '  edge: { internal'], ['compose', 'pids_limit: 128', 'pids_limit: 128: 1'], ['dockerfile', 'USER 10001', 'ONBUILD USER 10001']],
  portable: [['compose', 'services:\n', 'name: countersign\n\nservices:\n'], ['compose', 'nats: { condition: service_healthy }', 'nats: { condition: service_healthy, restart: true }']],
  'every-app': [['dockerfile', 'apps/notifier/dist/main.js', 'apps/runner/dist/main.js']],
  dependencies: [
    ['compose', 'nats: { condition: service_healthy }', 'broker: { condition: service_healthy }'],
    ['compose', 'nats: { condition: service_healthy }', 'nats: { condition: service_started }'],
    ['compose', 'nats: { condition: service_healthy }', 'nats: { condition: healthy }'],
    ['compose', 'migrate: { condition: service_completed_successfully }', 'migrate: { condition: service_healthy }'],
    ['compose', '      postgres: { condition: service_healthy }\n', '      postgres: { condition: service_healthy }\n      projector: { condition: service_healthy }\n'],
  ],
  references: [
    ['compose', 'networks: [bus, outbound]', 'networks: [bus, internet]'], ['compose', '- log:/data', '- journal:/data'],
    ['compose', 'secrets: [api_keys, page_key]', 'secrets: [apikeys, page_key]'], ['compose', '  log: {}', '  log: {}\n  spare: {}'],
  ],
  'bind-mounts': [['compose', './infra/nats/nats.conf:', './infra/nats.conf:'], ['compose', 'nats.conf:ro', 'nats.conf']],
  'published-ports': [
    ['compose', '${COUNTERSIGN_BIND:-127.0.0.1}:', '${COUNTERSIGN_BIND:-0.0.0.0}:'], ['compose', '4400}:4400"]', '4400}:4401"]'],
    ['compose', 'networks: [store]\n    # From', 'networks: [store]\n    ports: ["127.0.0.1:5432:5432"]\n    # From'], ['compose', 'HOST: "0.0.0.0"\n      PORT', 'HOST: "127.0.0.1"\n      PORT'],
  ],
  restart: [['compose', 'restart: on-failure', 'restart: unless-stopped'], ['compose', 'restart: unless-stopped', 'restart: "no"']],
  hardening: [
    ['compose', 'read_only: true', 'read_only: false'], ['compose', 'cap_drop: [ALL]', 'cap_drop: [NET_RAW]'], ['compose', 'no-new-privileges:true', 'seccomp:unconfined'],
    ['compose', '  mem_limit: 512m\n', ''], ['compose', '  pids_limit: 128\n', ''], ['compose', 'stop_grace_period: 20s', 'stop_grace_period: 5s'],
    ['compose', '  init: true\n', ''], ['compose', '-10001}:${', '-0}:${'], ['compose', 'max-size: "10m"', 'mode: non-blocking'],
  ],
  'pinned-images': [['compose', 'nats:2.14-alpine', 'nats:latest'], ['compose', 'postgres:18-alpine', 'postgres:alpine'], ['dockerfile', 'node:24.20-bookworm-slim', 'node']],
  targets: [['compose', 'target: gateway', 'target: gatway'], ['compose', '{ context: ., target: runner }', '{ context: ./apps, target: runner }']],
  copies: [
    ['dockerfile', 'COPY tsconfig.base.json', 'COPY tsconfig.build.json'], ['dockerignore', '!libs', '!packages'], ['dockerfile', '--from=build /image/runner', '--from=compile /image/runner'],
    ['dockerfile', 'projector notifier observability', 'projector observability'], ['dockerignore', '**/dist', '**/*.json'],
  ],
  commands: [['dockerfile', 'migrate.cli.js', 'migration.cli.js'], ['dockerfile', '/image/gateway ./', '/image/runner ./'], ['dockerfile', '"--enable-source-maps", "apps/gateway', '"apps/gateway']],
  'runtime-image': [
    ['dockerfile', 'USER 10001:10001', 'USER root'], ['dockerfile', 'NODE_ENV=production', 'NODE_ENV=development'], ['dockerfile', 'COPY infra/ready.mjs infra/ready.mjs', 'COPY libs libs'],
    ['dockerfile', '--from=production-dependencies', '--from=dependencies'], ['dockerfile', 'WORKDIR /app', 'WORKDIR /app\nRUN npm install -g tini'],
  ],
  'production-packages': [['dockerfile', '--omit=dev ', '']],
  variables: [
    ['compose', 'HEALTH_PORT: "9464"', 'HEALTH_PORTS: "9464"'], ['compose', 'HEALTH_PORT: "9464"', 'HEALTH_PORT: "94640"'], ['compose', 'NATS_URL: "nats://nats:4222"', 'LOG_LEVEL_: "info"'],
    ['compose', 'LOG_LEVEL:-info', 'LOG_LEVEL:-loud'], ['compose', 'COUNTERSIGN_API_KEYS_FILE: /run', 'API_KEYS_FILE: /run'], ['compose', 'DATABASE_URL_FILE:', 'POSTGRES_URL_FILE:'],
    ['compose', 'DATABASE_URL_FILE: /run/secrets/database_url', 'DATABASE_URL_FILE: /run/secrets/webhook_secret'],
  ],
  'inline-secrets': [['compose', 'DATABASE_URL_FILE: /run/secrets/database_url', 'DATABASE_URL: "postgres://countersign:hunter2@postgres:5432/countersign"'], ['compose', 'POSTGRES_PASSWORD_FILE: /run/secrets/postgres_password', 'POSTGRES_PASSWORD: hunter2']],
  'secrets-granted': [['compose', '/run/secrets/api_keys', '/run/secrets/keys'], ['compose', 'networks: [bus]\n', 'networks: [bus]\n    secrets: [api_keys, page_key]\n']],
  traces: [['compose', '[*environment, *traces, *health]\n      COUNTERSIGN_RECEIPT_KEYS', '[*environment, *health]\n      COUNTERSIGN_RECEIPT_KEYS'], ['compose', '${OTEL_EXPORTER_OTLP_ENDPOINT:-}', '${OTEL_EXPORTER_OTLP_ENDPOINT:-http://tempo:4318}']],
  'secret-files': [['compose', '${COUNTERSIGN_SECRETS_DIR:-./infra/secrets}/api_keys', './api_keys'], ['compose', '${COUNTERSIGN_SECRETS_DIR:-./infra/secrets}/runner.env', './runner.env']],
  peers: [
    ['compose', 'nats://nats:4222', 'nats://broker:4222'], ['compose', 'nats://nats:4222', 'nats://nats:4223'], ['natsConf', '0.0.0.0:4222', '0.0.0.0:5222'],
    ['compose', 'networks: [edge, bus]', 'networks: [edge]'], ['compose', '    depends_on: *needs-log\n', ''], ['compose', '    networks: [store]\n    # From', '    networks: [edge]\n    # From'],
  ],
  isolation: [['compose', 'bus: { internal: true }', 'bus: {}'], ['compose', '    networks: [store]\n', ''], ['compose', 'networks: [bus]\n', 'networks: [bus, store]\n']],
  health: [
    ['compose', 'http://127.0.0.1:8222/', 'http://127.0.0.1:8223/'], ['natsConf', '127.0.0.1:8222', '127.0.0.1:8322'], ['compose', 'infra/ready.mjs', 'infra/healthy.mjs'], ['compose', '--port=5432', '--port=5433'],
    ['compose', 'HEALTH_PORT: "9464"', 'HEALTH_PORT: "0"'], ['dockerfile', 'COPY infra/ready.mjs infra/ready.mjs\n', ''], ['compose', '    start_period: 30s\n', ''],
    ['compose', 'networks: [edge, bus]', 'networks: [edge, bus]\n    healthcheck: { disable: true }'],
  ],
  documented: [['compose', '${COUNTERSIGN_PORT:-4400}', '${GATEWAY_PORT:-4400}'], ['envExample', 'PUBLIC_URL=', 'PUBLIC_ADDRESS=']],
  'nats-settings': [
    ['natsConf', 'store_dir: "/data"', 'store_dir: "/tmp/nats"'], ['natsConf', 'sync_interval: always', 'sync_interval: "2m"'], ['natsConf', 'max_payload: 8MB', 'max_payload: 1MB'],
    ['natsConf', 'http: "127.0.0.1:8222"', 'http: "0.0.0.0:8222"'], ['compose', '"/etc/nats/nats.conf"', '"/etc/nats/server.conf"'],
  ],
  'database-volume': [['compose', 'database:/var/lib/postgresql', 'database:/var/lib/postgresql/data'], ['compose', 'postgres:18-alpine', 'postgres:17-alpine']],
  'nats-config': [['natsConf', 'max_payload: 8MB', 'max_payload: plenty'], ['natsConf', 'jetstream {', 'jetstreams {']],
};

const texts = readProjectTexts();
const schemas = await loadSchemas(readDockerfile(texts.dockerfile));
const brokenRules = (changed) => checkRules(changed, schemas).filter(({ problems }) => problems.length > 0);

const failures = [];
const say = (line) => failures.push(line);

for (const { rule } of brokenRules(texts)) say(`${rule.id} is broken before anything was changed; run tools/check-compose.mjs`);
for (const { id } of rules) if (!changes[id]?.length) say(`${id}: no change shows that this rule can fail; add one`);

let seen = 0;
for (const [id, list] of Object.entries(changes)) {
  for (const [file, before, after] of list) {
    const where = `${id}: ${projectFiles[file]}, ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
    if (!texts[file].includes(before)) {
      say(`${where}: the file does not have this text; correct the change`);
      continue;
    }
    const broken = brokenRules({ ...texts, [file]: texts[file].replace(before, () => after) });
    const found = broken.find(({ rule }) => rule.id === id);
    if (!found) say(`${where}: the rule did not notice; broken were: ${broken.map(({ rule }) => rule.id).join(', ') || 'none'}`);
    seen += found ? 1 : 0;
    if (found && process.argv.includes('--show')) console.log(`${where}\n    ${found.problems[0]}`);
  }
}
for (const line of failures) console.log(`FAILED ${line}`);
console.log(`${rules.length} rules, each seen to fail: ${seen} changes were noticed${failures.length > 0 ? `, ${failures.length} problems` : ''}`);
process.exitCode = failures.length === 0 ? 0 : 1;
