// Rules about what the services are told: variables, secrets, addresses, health.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { databaseUrl } from '../../infra/create-secrets.mjs';
import { hasHealthCheck } from './compose-rules-structure.mjs';

const fileSuffix = '_FILE';
const secretPath = /^\/run\/secrets\/([\w-]+)$/;

/** The values of automations' secrets; any name, for the runner only. */
const isAutomationSecret = (service, name) => service.name === 'runner' && /^COUNTERSIGN_SECRET_[A-Z0-9_]+$/.test(name);

/** What a secret file holds, for the rules: its form where it has one, else long enough for any rule about secrets. */
const secretContent = (file) => (file === '/run/secrets/database_url' ? databaseUrl('password') : 'x'.repeat(48));

/** The variables as the program sees them: empty ones count as absent, files are read. */
const asGiven = (service, known) => {
  const given = Object.fromEntries(Object.entries(service.environment).filter(([name, value]) => value !== '' && known.includes(name)));
  for (const [name, value] of Object.entries(service.environment)) {
    const plain = name.slice(0, -fileSuffix.length);
    if (name.endsWith(fileSuffix) && value !== '' && !known.includes(name) && known.includes(plain)) given[plain] = secretContent(value);
  }
  return given;
};

const isKnown = (service, name, known) =>
  known.includes(name) || isAutomationSecret(service, name) || (name.endsWith(fileSuffix) && known.includes(name.slice(0, -fileSuffix.length)));

const serviceVariables = (project, service) => {
  const schema = project.schemaOf(service);
  if (!schema) return [`${service.name}: no configuration schema for ${project.scriptFor(service)}; its app exports one from src/config.ts (build the workspace first)`];
  const known = Object.keys(schema.shape);
  const parsed = schema.safeParse(asGiven(service, known));
  return [
    ...Object.keys(service.environment).filter((name) => !isKnown(service, name, known)).map((name) => `${service.name}.environment.${name}: the service does not read it; it reads ${known.join(', ')}`),
    ...(parsed.error?.issues ?? []).map(({ path: [name], message }) => `${service.name}.environment.${String(name)}: ${message}`),
  ];
};

const variables = (project) => project.ours.flatMap((service) => serviceVariables(project, service));

/** Variables that every service reads, and that have to reach every one of them: a trace with a gap is none. */
const ofTraces = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_TRACES_SAMPLER_ARG', 'OTEL_BSP_MAX_QUEUE_SIZE', 'COUNTERSIGN_TRACES_PREFIX'];

const traces = (project) =>
  project.ours.filter((service) => !project.isOneShot(service)).flatMap((service) =>
    ofTraces.flatMap((name) => {
      const value = service.environment[name];
      if (value === undefined) return [`${service.name}.environment.${name}: is missing; merge x-traces`];
      return value === '' ? [] : [`${service.name}.environment.${name}: traces are off until somebody says where to; let it be empty by default`];
    }));

const looksSecret = /(PASSWORD|SECRET|TOKEN|API_KEYS?|CREDENTIALS?)$/;

const inlineSecrets = ({ compose }) =>
  compose.services.flatMap((service) =>
    Object.entries(service.environment).flatMap(([name, value]) => [
      ...(looksSecret.test(name) && value !== '' ? [`${service.name}.environment.${name}: a secret stands in the file; give ${name}${fileSuffix} the path of a secret file`] : []),
      ...(/:\/\/[^/@\s]*:[^/@\s]+@/.test(value) ? [`${service.name}.environment.${name}: the address holds a password; give it by a secret file`] : []),
    ]));

const secretsGranted = ({ compose }) =>
  compose.services.flatMap((service) => {
    const read = Object.entries(service.environment).filter(([name]) => name.endsWith(fileSuffix)).map(([name, value]) => [name, secretPath.exec(value)?.[1]]);
    return [
      ...read.filter(([, secret]) => !service.secrets.includes(secret)).map(([name]) => `${service.name}.environment.${name}: "${service.environment[name]}" is no secret of this service; add it to its secrets or correct the path`),
      ...service.secrets.filter((secret) => !read.some(([, used]) => used === secret)).map((secret) => `${service.name}.secrets: "${secret}" is mounted but no variable names it; remove it`),
    ];
  });

const secretFiles = ({ compose }) => [
  ...Object.entries(compose.secrets).filter(([, { file }]) => !file?.startsWith('./infra/secrets/')).map(([name]) => `secrets.${name}: it is not a file in infra/secrets, which git ignores and infra/create-secrets.mjs fills`),
  ...compose.services.flatMap((service) => service.envFiles.filter((file) => !file.startsWith('./infra/secrets/')).map((file) => `${service.name}.env_file: "${file}" is not in infra/secrets, which git ignores`)),
];

const portOf = { postgres: () => '5432', nats: ({ natsConf }) => natsConf.listen?.split(':')[1], gateway: ({ compose }) => compose.service('gateway').environment.PORT };

const peerProblems = (project, service, name, address) => {
  const url = new URL(address);
  const where = `${service.name}.environment.${name}`;
  const peer = project.compose.service(url.hostname);
  if (!peer) return /^(nats|postgres):/.test(address) ? [`${where}: there is no service "${url.hostname}"`] : [];
  const port = portOf[peer.name]?.(project);
  return [
    ...(peer.networks.some((network) => service.networks.includes(network)) ? [] : [`${where}: ${service.name} and ${peer.name} share no network; give them one`]),
    ...(service.dependsOn[peer.name]?.condition === 'service_healthy' ? [] : [`${where}: ${service.name} does not wait for ${peer.name}; add "${peer.name}: { condition: service_healthy }" to depends_on`]),
    ...(url.port === port ? [] : [`${where}: ${peer.name} listens on port ${port}, not on ${url.port}`]),
  ];
};

const addressesOf = ({ environment }) =>
  Object.entries(environment).map(([name, value]) => [name, secretPath.test(value) ? secretContent(value) : value]).filter(([, value]) => /^[a-z]+:\/\//.test(value));

const peers = (project) =>
  project.compose.services.flatMap((service) =>
    addressesOf(service).flatMap(([name, value]) => peerProblems(project, service, name, value)));

const isolation = ({ compose }) => [
  ...['bus', 'store'].filter((name) => compose.networks[name]?.internal !== true).map((name) => `networks.${name}: write "internal: true": nothing outside may reach it`),
  ...compose.services.filter((service) => service.networks.length === 0).map((service) => `${service.name}.networks: name its networks; otherwise it is on the default one with a way out`),
  ...compose.services.filter((service) => service.networks.includes('store') && service.name !== 'postgres' && !service.secrets.includes('database_url')).map((service) => `${service.name}.networks: it does not use the database; remove "store"`),
];

/** The port on which a service of ours answers, as infra/ready.mjs finds it. */
const ownPort = ({ environment }) => environment.HEALTH_PORT ?? environment.PORT;

/** What a health check asks, and what the service answers on. */
const healthPorts = (project, service) => {
  const test = service.healthcheck.test.join(' ');
  if (service.build) return [`${test}, port ${ownPort(service)}`, `CMD node infra/ready.mjs, port ${Number(ownPort(service)) > 0 ? ownPort(service) : 'above 0'}`];
  if (service.name === 'nats') return [/:(\d+)\//.exec(test)?.[1], project.natsConf.http?.split(':')[1]];
  return [/--port=(\d+)/.exec(test)?.[1], '5432'];
};

const healthProblems = (project, service) => {
  if (project.isOneShot(service)) return [];
  if (!hasHealthCheck(service)) return [`${service.name}.healthcheck: a service that stays up has one`];
  const { healthcheck } = service;
  const [asked, served] = healthPorts(project, service);
  const stage = project.stageOf(service);
  return [
    ...(asked === served ? [] : [`${service.name}.healthcheck: it asks ${asked}, the service answers on ${served}`]),
    ...(['interval', 'timeout', 'retries', 'start_period'].filter((key) => healthcheck[key] === undefined).map((key) => `${service.name}.healthcheck.${key}: is missing`)),
    ...(stage && !stage.copies.some(({ sources }) => sources.includes('infra/ready.mjs')) ? [`${service.name}.healthcheck: infra/ready.mjs is not in its image`] : []),
  ];
};

const health = (project) => project.compose.services.flatMap((service) => healthProblems(project, service));

const documented = ({ compose, texts }) => {
  const names = [...texts.envExample.matchAll(/^#?\s?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
  return [
    ...[...compose.variables].filter((name) => !names.includes(name)).map((name) => `.env.example: ${name} is used by docker-compose.yml and not described; add it`),
    ...names.filter((name) => !compose.variables.has(name)).map((name) => `.env.example: ${name} is not used by docker-compose.yml; remove it`),
  ];
};

const natsSettings = ({ compose, natsConf, root }) => {
  const nats = compose.service('nats');
  const file = nats?.command?.at(-1);
  return [
    ...(nats?.volumes.some(({ target }) => target === natsConf.storeDir) ? [] : [`infra/nats/nats.conf: store_dir "${natsConf.storeDir}" is no volume of the service nats; the log would be lost with the container`]),
    ...(nats?.volumes.some(({ source, target, bind }) => bind && target === file && existsSync(path.join(root, source))) ? [] : [`nats.command: ${file} is not mounted`]),
    ...(natsConf.syncInterval === 'always' ? [] : ['infra/nats/nats.conf: sync_interval must be "always": an acknowledged commit survives a power cut']),
    ...(natsConf.maxPayload === '8MB' ? [] : ['infra/nats/nats.conf: max_payload must be 8MB, as maxPayloadBytes in libs/contracts/src/streams.ts says']),
    ...(natsConf.http?.startsWith('127.0.0.1:') ? [] : ['infra/nats/nats.conf: the monitoring pages are for the health check only; listen on 127.0.0.1']),
  ];
};

const databaseVolume = ({ compose }) => {
  const postgres = compose.service('postgres');
  const major = Number(/:(\d+)/.exec(postgres?.image ?? '')?.[1]);
  const wanted = major >= 18 ? '/var/lib/postgresql' : '/var/lib/postgresql/data';
  return postgres?.volumes.some(({ target, bind }) => !bind && target === wanted) ? [] : [`postgres.volumes: ${postgres?.image} keeps its data below ${wanted}; mount a named volume there`];
};

export const environmentRules = [
  { id: 'variables', title: 'services get the variables they read, all they need, with valid values', check: variables },
  { id: 'traces', title: 'every service is told where traces go, by default nowhere', check: traces },
  { id: 'inline-secrets', title: 'no secret stands in the compose file', check: inlineSecrets },
  { id: 'secrets-granted', title: 'every secret that a variable names is mounted, and no other', check: secretsGranted },
  { id: 'secret-files', title: 'secrets come from files that git ignores', check: secretFiles },
  { id: 'peers', title: 'addresses name services that share a network, listen on that port, and are waited for', check: peers },
  { id: 'isolation', title: 'the bus and the store are internal networks', check: isolation },
  { id: 'health', title: 'services that stay up have a health check on a port they listen on', check: health },
  { id: 'documented', title: '.env.example describes exactly the variables of the compose file', check: documented },
  { id: 'nats-settings', title: 'the NATS server keeps its log on a volume and syncs every commit', check: natsSettings },
  { id: 'database-volume', title: 'the database keeps its data on a volume', check: databaseVolume },
];
